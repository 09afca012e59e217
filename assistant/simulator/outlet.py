"""Framing one response: by length, in chunks or until the connection ends; whole or in drips."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .wire import Connection, chunk, head

_INSIDE_CHARACTER = re.compile(rb"(?=[\x80-\xbf])")


@dataclass
class Receipt:
    """What the caller has been told so far."""

    status: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Outlet:
    """Frames one response and sends it."""

    def __init__(self, connection: Connection, headers: dict[str, str], receipt: Receipt) -> None:
        self.connection = connection
        self.receipt = receipt
        self.drip_seconds: float | None = None
        self.split_utf8 = False
        self.headers = headers
        self._chunked = False
        self._ends_by_close = False

    async def begin(
        self,
        status: int,
        content_type: str,
        *,
        length: int | None = None,
        chunked: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Send the headers. Without a length the body is chunked, or else ended by closing."""
        headers = {**self.headers, "Content-Type": content_type, **(more or {})}
        self._chunked = chunked and length is None
        self._ends_by_close = not chunked
        if self._ends_by_close:
            headers["Connection"] = "close"
        elif length is not None:
            headers["Content-Length"] = str(length)
        else:
            headers["Transfer-Encoding"] = "chunked"
        self.receipt.status = status
        await self.connection.write(head(status, headers))

    async def send(self, data: bytes) -> None:
        if self.drip_seconds is not None:
            framed = chunk(data) if self._chunked else data
            for at in range(len(framed)):
                await self.connection.write(framed[at : at + 1])
                await asyncio.sleep(self.drip_seconds)
        elif self.split_utf8:
            for part in _INSIDE_CHARACTER.split(data):
                await self.connection.write(chunk(part) if self._chunked else part)
                await asyncio.sleep(0)
        else:
            await self.connection.write(chunk(data) if self._chunked else data)

    async def end(self) -> None:
        if self._chunked:
            await self.connection.write(chunk(b""))
        if self._ends_by_close:
            self.connection.close()


def to_json(value: object) -> bytes:
    """JSON in UTF-8; half a surrogate pair, which JSON input can hold and UTF-8 cannot, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
