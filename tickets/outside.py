"""Requests to addresses that people typed in: never to this machine's own network unless the operator allows it.

A name is looked up once, every address it has is judged, and the connection goes to a judged address: a name that
answers differently the second time gains nothing. Redirects are not followed. What comes back is bounded in size and
time.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

READ_AT_MOST = 64 * 1024  # bytes of an answer
SECONDS = 10.0  # for all of a request: look-up apart, connecting, sending, reading

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Iterable[str]]

# Where an IPv6 address carries an IPv4 one which the network may unwrap (RFC 6052, 3056, 4380).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The address is one that Collie does not send to; the message says why and what to do."""


class Unreachable(Exception):
    """Nothing (whole) came back; the message has the system's own words."""


@dataclass(frozen=True)
class Answer:
    """`text` is the beginning of the body, decoded leniently; `cut` when there was more of it. The names of `headers`
    are in lower case."""

    status: int
    text: str
    cut: bool
    headers: Mapping[str, str] = field(default_factory=dict)


def look_up(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str) -> SplitResult:
    """The parts of an http(s) address without credentials. Raises Refused."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise Refused(_("This is not an address: %(url)s") % {"url": url[:200]}) from None
    odd = any(ord(character) <= 32 or character in "\\\x7f" for character in url)
    if odd or parts.scheme not in {"http", "https"} or not host or len(url) > 2000:
        raise Refused(_("The address must start with http:// or https:// and name a host."))
    if "@" in parts.netloc:
        raise Refused(_("The address must not hold a user name or password."))
    return parts


def judged_addresses(parts: SplitResult, *, allow_private: bool, resolve: Resolve = look_up) -> list[str]:
    """The IP addresses of the host, all fit to be reached. Raises Refused, or Unreachable for an unknown name."""
    host = parts.hostname or ""
    try:
        found = list(resolve(host, _port_of(parts)))
    except (OSError, UnicodeError) as error:
        raise Unreachable(_("%(host)s is not known: %(error)s") % {"host": host, "error": error}) from error
    for text in found:
        if not may_reach(ipaddress.ip_address(text.partition("%")[0]), allow_private=allow_private):
            sentence = _(
                "%(host)s leads to %(ip)s, an address of an internal network. RELAY_ALLOW_PRIVATE=1 allows it."
            )
            raise Refused(sentence % {"host": host, "ip": text})
    return found


def may_reach(ip: Address, *, allow_private: bool) -> bool:
    """Public unicast addresses; with `allow_private` also those of private networks and of this machine, and never
    link-local ones, where clouds keep the keys of their machines."""
    ip = _unwrapped(ip)
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local or ip == ipaddress.ip_address("255.255.255.255"):
        return False
    if allow_private and (ip.is_private or ip.is_loopback):
        return True
    return ip.is_global and not ip.is_reserved


def _unwrapped(ip: Address) -> Address:
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and (ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1)):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return inner or ip
    return ip


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    seconds: float = SECONDS,
    resolve: Resolve = look_up,
) -> Answer:
    """POST `body`. Any status is an answer, redirects too.

    Raises:
        Refused: the address is not one to send to; nothing was sent.
        Unreachable: no answer within `seconds`, or a broken one.
    """
    parts = check_url(url)
    ip = judged_addresses(parts, allow_private=allow_private, resolve=resolve)[0]
    host = parts.netloc
    connection = http.client.HTTPConnection(host, timeout=seconds)
    overdue = threading.Event()
    try:
        connection.sock = _connected(parts, ip, seconds)
        cutter = threading.Timer(seconds, _cut, (connection.sock, overdue))
        cutter.daemon = True
        cutter.start()
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, {**headers, "Host": host, "Connection": "close"})
            response = connection.getresponse()
            read = response.read(READ_AT_MOST + 1)
        finally:
            cutter.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        words = _("no whole answer within %(s)g s") % {"s": seconds} if overdue.is_set() else str(error)
        raise Unreachable(words or type(error).__name__) from error
    finally:
        connection.close()
    if overdue.is_set():
        raise Unreachable(_("no whole answer within %(s)g s") % {"s": seconds})
    headers = {name.lower(): value for name, value in response.getheaders()}
    text = read[:READ_AT_MOST].decode("utf-8", "replace")
    return Answer(response.status, text, len(read) > READ_AT_MOST, headers)


def _port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connected(parts: SplitResult, ip: str, seconds: float) -> socket.socket:
    plain = socket.create_connection((ip, _port_of(parts)), timeout=seconds)
    if parts.scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
    except BaseException:
        plain.close()
        raise


def _cut(sock: socket.socket, overdue: threading.Event) -> None:
    """A peer that sends a byte a second never times out by itself."""
    overdue.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
