"""Addresses that people typed in: 40 ways into the own network, and what a receiver may do to us."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from tickets import outside

INTERNAL = [
    "http://127.0.0.1/", "http://127.1/", "http://127.0.0.2:{port}/", "http://localhost:{port}/", "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0x7f.0.0.1:{port}/",
    "http://017700000001:{port}/", "http://0177.0.0.1:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/", "http://[::]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/", "http://[0:0:0:0:0:0:0:1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/", "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "http://[fe80::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://10.0.0.1/", "http://10.255.255.255/",
    "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/", "http://100.64.0.1/", "http://192.0.0.1/", "http://198.18.0.1/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://240.0.0.1/", "http://[ff02::1]/", "http://[2001:db8::1]/",
]  # fmt: skip

NO_ADDRESS = [
    "", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "//example.com/", "http://", "http:///x",
    "http://[::1", "http://user@example.com/", "http://user:pw@127.0.0.1/", "http://127.0.0.1\\@example.com/",
    "http://exa mple.com/", "http://example.com:99999/", "http://example.com/\r\nHost: x", "javascript:alert(1)",
    "http://" + "a" * 2000,
]  # fmt: skip


@contextmanager
def receiver(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", *, hang: bool = False):
    """A server on a real port that answers everybody the same; yields its port and what was sent to it."""
    seen: list[bytes] = []
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(65536))
                if hang:
                    done.wait(10)
                try:
                    connection.sendall(answer)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.fixture(scope="module")
def bystander():
    with receiver() as found:
        yield found


@pytest.mark.parametrize("url", INTERNAL)
def test_the_own_network_is_not_reached(url, bystander):
    port, seen = bystander
    with pytest.raises((outside.Refused, outside.Unreachable)) as raised:
        outside.post(url.format(port=port), b"{}", {}, allow_private=False, seconds=2)
    assert not seen
    assert raised.type is outside.Refused or "is not known" in str(raised.value)


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_plain_web_address_is_refused(url):
    with pytest.raises(outside.Refused):
        outside.post(url, b"{}", {}, allow_private=True)


def test_a_name_that_changes_its_mind_is_looked_up_once_and_judged_by_all_its_addresses(bystander):
    port, seen = bystander
    asked = []

    def public_then_private(host, port):
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    parts = outside.check_url(f"http://rebind.example:{port}/")
    assert outside.judged_addresses(parts, allow_private=False, resolve=public_then_private) == ["93.184.215.14"]
    with pytest.raises(outside.Refused, match="internal network"):
        both = ["93.184.215.14", "127.0.0.1"]
        outside.post(parts.geturl(), b"{}", {}, allow_private=False, resolve=lambda host, port: both)
    assert asked == ["rebind.example"] and not seen


def test_link_local_addresses_stay_closed_even_where_private_ones_are_allowed():
    with pytest.raises(outside.Refused):
        outside.post("http://169.254.169.254/", b"{}", {}, allow_private=True)


def test_an_allowed_address_gets_the_request_under_its_own_name():
    with receiver() as (port, seen):
        named = f"http://hooks.example:{port}/in?a=1"
        answer = outside.post(
            named, b"{}", {"X-A": "b"}, allow_private=True, resolve=lambda host, port: ["127.0.0.1"]
        )
        assert (answer.status, answer.text, answer.cut) == (200, "ok", False)
        head = seen[0].decode()
        assert (
            head.startswith("POST /in?a=1 HTTP/1.1\r\n")
            and f"Host: hooks.example:{port}\r\n" in head
            and "X-A: b" in head
        )


def test_a_redirect_is_an_answer_and_not_followed():
    with receiver() as (inner, reached):
        to_inner = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
        with receiver(to_inner) as (port, _seen):
            assert outside.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True).status == 302
        assert not reached


def test_of_an_endless_answer_only_the_beginning_is_read():
    with receiver(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000) as (port, _seen):
        answer = outside.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)
        assert (len(answer.text), answer.cut) == (outside.READ_AT_MOST, True)


def test_who_never_answers_is_given_up():
    with receiver(hang=True) as (port, _seen), pytest.raises(outside.Unreachable, match=r"within 0\.3 s|timed out"):
        outside.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True, seconds=0.3)


@pytest.mark.parametrize("rubbish", [b"", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"])
def test_rubbish_is_no_answer(rubbish):
    with receiver(rubbish) as (port, _seen), pytest.raises(outside.Unreachable):
        outside.post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)


def test_a_certificate_that_is_not_there_is_said():
    with receiver() as (port, _seen), pytest.raises(outside.Unreachable, match=r"(?i)ssl"):
        outside.post(f"https://127.0.0.1:{port}/", b"{}", {}, allow_private=True)
