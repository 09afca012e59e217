"""The body of a streamed answer, read without waiting, so that one event loop can read hundreds of them.

`response.raw.read1()` needs a thread for each answer, and at ten thousand tokens a second these threads spend more
time on handing the interpreter to each other than on reading.
"""

import contextlib
import socket
import ssl
import zlib
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any

from urllib3.exceptions import DecodeError
from urllib3.response import BaseHTTPResponse, ContentDecoder, DeflateDecoder, GzipDecoder

from .framing import BodyDecoder

READ_SIZE = 16384  # bytes of one read, and of what is inflated at once


class ArrivingBody:
    """What comes after the headers of `response`, from `sock`, the socket it comes by (a TLS one where it is).

    `over` once it has been read to its end.
    """

    def __init__(self, response: BaseHTTPResponse, sock: Any) -> None:
        self.over = False
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        # http.client's own, which knows how the body is framed.
        self._original: HTTPResponse = response._original_response  # type: ignore[attr-defined]
        self._sock = sock
        self._bare = isinstance(sock, socket.socket) and not isinstance(sock, ssl.SSLSocket)
        self._timeout = sock.gettimeout()
        sock.settimeout(0)
        self._decoder = BodyDecoder(chunked=self._original.chunked, length=self._original.length)
        self._early = self._read_ahead()
        self._drained = False
        self._inflate = _inflater(response.headers.get("content-encoding", ""))

    def fileno(self) -> int:
        """Whose becoming readable means that there is more to read."""
        number: int = self._sock.fileno()
        return number

    def read1(self) -> bytes | None:
        """What one read gives, which may be no content yet, or no more; None when nothing has come for now.

        Raises OSError, HTTPException (malformed or cut short) and urllib3's DecodeError.
        """
        if self._inflate is not None and self._inflate.has_unconsumed_tail:
            return self._inflated(b"")
        if not self._decoder.done:
            data = self._receive()
            if data is None:
                return None
            if data:
                return self._inflated(self._decoder.feed(data))
            self._decoder.end()
        self.over = True
        return b""

    def release(self) -> None:
        """Hand the connection back to the pool where the next call can use it."""
        unexpected = self._early or self._decoder.left_over
        if self._decoder.done and not unexpected and not self._original.will_close:
            self._sock.settimeout(self._timeout)
            self._original.close()
            self._response.release_conn()

    def _receive(self) -> bytes | None:
        if self._early:
            data, self._early = self._early, b""
            return data
        if self._drained:  # the socket was empty after the last read, and whoever waits hears when it is not
            self._drained = False
            return None
        try:
            data = self._sock.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        self._drained = self._bare and 0 < len(data) < READ_SIZE
        return data

    def _read_ahead(self) -> bytes:
        """What http.client read together with the headers."""
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            data: bytes = self._original.fp.read1(READ_SIZE) if self._original.fp else b""
            return data
        return b""

    def _inflated(self, data: bytes) -> bytes:
        if self._inflate is None:
            return data
        try:
            return self._inflate.decompress(data, max_length=READ_SIZE)
        except zlib.error as error:
            raise DecodeError(str(error)) from error


def _inflater(encoding: str) -> ContentDecoder | None:
    """Compression that was asked not to be used: None where it is not. Raises DecodeError for what we cannot read."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return GzipDecoder()
        case "deflate":
            return DeflateDecoder()
    raise DecodeError(encoding)
