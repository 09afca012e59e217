"""HTTP/1.1 by hand (RFC 9112): this server must be able to frame a body wrongly on purpose."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

_MOST_HEADER = 64 * 1024
_MOST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def keep_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


class BadRequest(Exception):
    """The bytes received are no HTTP request that this server reads."""


class Connection(asyncio.Protocol):
    """One client's connection. Its task is cancelled the moment the client is gone."""

    def __init__(self, handle: Callable[["Connection", Request], Awaitable[None]]) -> None:
        self.lost = False
        self.closing = False
        self.task: asyncio.Task[None] | None = None
        self._handle = handle
        self._received = bytearray()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = not self.closing
        if self.task:
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client does not read."""
        self.transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    def close(self) -> None:
        """End the connection in order, after what was written has been sent."""
        self.closing = True
        self.transport.close()

    def reset(self) -> None:
        """End the connection with a TCP RST, as a crashed relay or a firewall does."""
        self.closing = True
        linger_zero = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self.transport.abort()

    def drop(self) -> asyncio.Task[None] | None:
        """Stop serving this client at once; the task that then comes to its end."""
        self.closing = True
        if self.task:
            self.transport.abort()
            self.task.cancel()
        return self.task

    async def _serve(self) -> None:
        try:
            while not self.closing:
                request = await self._next_request()
                await self._handle(self, request)
                if not request.keep_alive:
                    self.close()
        except BadRequest as error:
            text = f"{error}\n".encode()
            await self.write(head(400, {"Content-Length": str(len(text)), "Connection": "close"}) + text)
        finally:
            self.close()

    async def _next_request(self) -> Request:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            if len(self._received) > _MOST_HEADER:
                raise BadRequest("The request header is too long.")
            await self._more()
        lines = bytes(self._received[:end]).decode("latin-1").lstrip("\r\n").split("\r\n")
        del self._received[: end + 4]
        try:
            method, target, _ = lines[0].split(" ")
            headers = {name.strip().lower(): value.strip() for name, value in _fields(lines[1:])}
        except ValueError as error:
            raise BadRequest("The request line or a header field is malformed.") from error
        if headers.get("expect", "").lower() == "100-continue":
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await self._body(headers)
        return Request(method, target.partition("?")[0], headers, body)

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunked_body()
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > _MOST_BODY:
            raise BadRequest("Content-Length is not a number of bytes up to 32 MB.")
        return await self._take(int(length))

    async def _chunked_body(self) -> bytes:
        body = bytearray()
        while size := await self._chunk_size():
            body += await self._take(size)
            await self._take(2)
            if len(body) > _MOST_BODY:
                raise BadRequest("The request body is over 32 MB.")
        while await self._line():
            pass
        return bytes(body)

    async def _chunk_size(self) -> int:
        try:
            return int((await self._line()).partition(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("A chunk does not begin with its size.") from error

    async def _line(self) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            await self._more()
        line = bytes(self._received[:end])
        del self._received[: end + 2]
        return line

    async def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            await self._more()
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    async def _more(self) -> None:
        self._arrived.clear()
        await self._arrived.wait()


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, value = line.split(":", 1)
        yield name, value


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Status line and header fields, with the empty line that ends them."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{n}: {v}" for n, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; of no data, the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
