"""What every websocket of the desk shares: who may open one from where, and how much may wait for its reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.utils.http import is_same_domain

from tickets.people import display_name

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

UNREAD_LIMIT = 256 * 1024
_PORTS = {"http": 80, "https": 443}


def in_thread(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """`function`, which uses the ORM, as a coroutine function; never in the one thread-sensitive thread, where all
    sockets of the process would queue."""
    adapted: Callable[..., Awaitable[Any]] = database_sync_to_async(function, thread_sensitive=False)
    return adapted


def handshake(scope: Scope) -> ASGIRequest:
    """The HTTP request that asked for the websocket, so that host, scheme and cookies follow Django's own rules."""
    scheme = "https" if scope.get("scheme") in {"wss", "https"} else "http"
    return ASGIRequest({**scope, "type": "http", "method": "GET", "scheme": scheme}, BytesIO())


class OriginCheck:
    """ASGI middleware that refuses (403) a websocket opened by a page of another site.

    Browsers send cookies with any site's websocket and name the site in Origin (RFC 6455, 10.2).
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if origin_allowed(handshake(scope)):
            await self.app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close"})


def origin_allowed(request: ASGIRequest) -> bool:
    """Whether Origin is where the request itself came to, or is listed in CSRF_TRUSTED_ORIGINS."""
    origin = _place(request.META.get("HTTP_ORIGIN", ""))
    if origin is None:
        return False
    try:
        here = _place(f"{request.scheme}://{request.get_host()}")
    except DisallowedHost:
        return False
    return origin == here or any(_matches(origin, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS)


def _matches(origin: tuple[str, str, int], trusted: str) -> bool:
    """`trusted` is an origin, or one with `*.` for all subdomains of a host."""
    place = _place(trusted)
    if place is None:
        return False
    (scheme, host, port), (_, pattern, _) = origin, place
    return (scheme, port) == (place[0], place[2]) and is_same_domain(host, pattern.removeprefix("*"))


def _place(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin; None for whatever is not one, such as "null" or an address with a login."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    more = "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment
    return (parts.scheme, parts.hostname, port) if parts.hostname and not more else None


@dataclass(frozen=True)
class Visitor:
    """Who opened a socket, and the login it hangs on."""

    user: User
    session_key: str
    session_hash: str

    @property
    def name(self) -> str:
        return display_name(self.user.first_name, self.user.last_name, self.user.username)


def visitor_of(scope: Scope) -> Visitor | None:
    """The person logged in with the handshake's session cookie; None for strangers. Uses the ORM."""
    request = handshake(scope)
    request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active or not request.session.session_key:
        return None
    return Visitor(user, request.session.session_key, user.get_session_auth_hash())


class Outbox:
    """Frames on their way to one client, in order; lives on the event loop.

    Daphne writes without waiting, so a client that stops reading would fill the server's memory. Its connection
    tells its producer when too much lies in its own buffer: until it flows again frames wait here, and when
    more than UNREAD_LIMIT bytes do, `overflow` is called once and nothing more is kept.
    """

    def __init__(self, send: Send, overflow: Callable[[], object]) -> None:
        self._send = send
        self._overflow = overflow
        self._waiting: deque[str] = deque()
        self._unread = 0
        self._flowing = True
        self._closed = False
        self._changed = asyncio.Event()
        self._pump = asyncio.create_task(self._write())
        connection = next(iter(getattr(send, "args", ())), None)  # Daphne: partial(handle_reply, protocol)
        transport = getattr(connection, "transport", None)
        self._at_once: Callable[[str], None] | None = None
        if transport is not None:
            transport.unregisterProducer()
            transport.registerProducer(self, True)
            self._at_once = writer(connection, transport)

    def put(self, frame: str) -> None:
        if self._closed:
            return
        if self._at_once is not None and self._flowing and not self._waiting:
            self._at_once(frame)
            return
        self._unread += len(frame.encode())
        if self._unread > UNREAD_LIMIT:
            self.close()
            self._overflow()
            return
        self._waiting.append(frame)
        self._changed.set()

    def close(self) -> None:
        """Forget what waits and take nothing more."""
        self._closed = True
        self._waiting.clear()
        self._pump.cancel()

    def pauseProducing(self) -> None:
        self._flowing = False

    def resumeProducing(self) -> None:
        self._flowing = True
        self._changed.set()

    def stopProducing(self) -> None:
        self.close()

    async def _write(self) -> None:
        while True:
            while self._waiting and self._flowing:
                frame = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": frame})
                self._unread -= len(frame.encode())
            self._changed.clear()
            await self._changed.wait()


def writer(connection: Any, transport: Any) -> Callable[[str], None] | None:
    """How to put a frame on the wire of a Daphne connection now: its own way takes two turns of the loop, which is
    most of what a short frame costs. None where the connection has no such way."""
    serve, flush = getattr(connection, "serverSend", None), getattr(transport, "doWrite", None)
    if serve is None or flush is None or getattr(transport, "TLS", False):
        return None

    def write(frame: str) -> None:
        if connection.state != connection.STATE_OPEN:
            return
        transport.startWriting = _nothing  # the loop is asked to write only what does not fit
        try:
            serve(frame)
        finally:
            del transport.startWriting
        if flush() is not None or transport.dataBuffer:  # a broken connection is found there too
            transport.startWriting()

    return write


def _nothing() -> None:
    """The loop need not be asked: what is put into the transport leaves at once."""
