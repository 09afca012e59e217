"""What a file is, by its first bytes: what its sender calls it is not believed."""

from __future__ import annotations

HEAD = 4096  # bytes to look at
PROGRAM = "application/x-executable"
UNKNOWN = "application/octet-stream"

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"#!", PROGRAM),
)


def detect(head: bytes) -> str:
    """The content type of a file that begins with `head`."""
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return _text(head)


def _text(head: bytes) -> str:
    """Text, and which: markup that a browser would run is told from text that it would show."""
    if b"\0" in head:
        return UNKNOWN
    try:
        text = head.decode().lower()
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3:  # more than a letter cut by the end of what was read
            return UNKNOWN
        text = head[: error.start].decode().lower()
    if "<svg" in text:
        return "image/svg+xml"
    if "<html" in text or "<!doctype html" in text or "<script" in text:
        return "text/html"
    return "application/xml" if text.lstrip("\ufeff \r\n\t").startswith("<?xml") else "text/plain"
