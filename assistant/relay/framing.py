"""Where the body of an HTTP/1.1 message ends, and what of its bytes is content.

Source: RFC 9112, section 6.3 "Message Body Length" and 7.1 "Chunked Transfer Coding".
"""

import re
from http.client import HTTPException, IncompleteRead

_LONGEST_LINE = 65536
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class BodyDecoder:
    """Bytes in, content out, however the bytes are cut. `length` None without `chunked`: until the connection ends.

    `done` once the body is complete; what came after it is `left_over`.
    """

    def __init__(self, *, chunked: bool, length: int | None) -> None:
        self.done = not chunked and length == 0
        self.left_over = b""
        self._chunked = chunked
        self._left = 0 if chunked else length  # bytes of content until the next line, or the end
        self._line_is = "size"

    def feed(self, data: bytes) -> bytes:
        """The content in `data`. Raises HTTPException where the chunks are malformed."""
        if self._chunked:
            return self._feed_chunks(data)
        if self._left is None:
            return data
        content, self.left_over = data[: self._left], data[self._left :]
        self._left -= len(content)
        self.done = not self._left
        return content

    def end(self) -> None:
        """The connection has ended. Raises IncompleteRead unless the body had, or this is how it ends."""
        if self._chunked or self._left:
            raise IncompleteRead(b"")
        self.done = True

    def _feed_chunks(self, data: bytes) -> bytes:
        held, at, content = self.left_over + data, 0, []
        while not self.done:
            if self._left:
                piece = held[at : at + self._left]
                content.append(piece)
                at += len(piece)
                self._left -= len(piece)
            end = -1 if self._left else held.find(b"\n", at)
            if end < 0:
                break
            self._read_line(held[at:end].removesuffix(b"\r"))
            at = end + 1
        self.left_over = held[at:]
        if not self.done and len(self.left_over) > _LONGEST_LINE:
            raise HTTPException("a line between two chunks is too long")
        return b"".join(content)

    def _read_line(self, line: bytes) -> None:
        if self._line_is == "size":
            size = line.partition(b";")[0].strip()
            if not _SIZE.fullmatch(size):
                raise HTTPException("the size of a chunk cannot be read")
            self._left = int(size, 16)
            self._line_is = "end of chunk" if self._left else "trailer"
        elif self._line_is == "end of chunk":
            if line:
                raise HTTPException("a chunk is longer than it says")
            self._line_is = "size"
        else:
            self.done = not line
