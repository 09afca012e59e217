"""Small tools to write a mail byte by byte, since libraries only write correct ones."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass, field
from itertools import count

UNREADABLE = "unreadable"
_number = count(1)


@dataclass(frozen=True)
class Awkward:
    raw: bytes
    shows: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    outcome: str = "stored"
    folds: str = ""
    hides: tuple[str, ...] = field(default=())


def mail(body: bytes | str, headers: str = "", *, sender: str = "Erin <erin@example.com>", subject: str = "Help",
         eol: str = "\r\n") -> bytes:  # fmt: skip
    """A mail with the usual headers and then `headers`, which may replace nothing."""
    head = f"From: {sender}\nTo: support@example.com\nSubject: {subject}\nDate: Mon, 3 Mar 2025 10:00:00 +0000\n"
    head += f"Message-ID: <awkward-{next(_number)}@example.com>\nMIME-Version: 1.0\n{headers}"
    data = body.encode() if isinstance(body, str) else body
    return head.rstrip("\n").replace("\n", eol).encode("utf-8") + (eol * 2).encode() + data


def text(
    body: bytes | str, charset: str = "utf-8", encoding: str = "8bit", kind: str = "plain", extra: str = ""
) -> bytes:
    """One part: its headers and its body."""
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n{extra}\r\n"
    return head.encode() + (body.encode() if isinstance(body, str) else body)


def file(name: str, data: bytes, kind: str = "application/octet-stream", disposition: str = "attachment") -> bytes:
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: {disposition}; filename="{name}"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


def multi(kind: str, *parts: bytes, boundary: str = "", closed: bool = True, extra: str = "") -> tuple[str, bytes]:
    """(the Content-Type header, the body) of a multipart."""
    mark = boundary or f"b{next(_number)}"
    body = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    end = b"--" + mark.encode() + b"--\r\n" if closed else b""
    return f'Content-Type: multipart/{kind}; boundary="{mark}"{extra}\n', body + end


def part(kind: str, *parts: bytes, **options: object) -> bytes:
    """A multipart as a part of another."""
    header, body = multi(kind, *parts, **options)
    return header.strip().encode() + b"\r\n\r\n" + body


def multipart(kind: str, *parts: bytes, headers: str = "", **options: object) -> bytes:
    header, body = multi(kind, *parts)
    return mail(body, header + headers, **options)


def tnef(body: str, name: str, data: bytes) -> bytes:
    """A winmail.dat with a text and one file."""

    def attribute(level: int, number: int, kind: int, value: bytes) -> bytes:
        checksum = sum(value) & 0xFFFF
        return struct.pack("<BHHI", level, number, kind, len(value)) + value + struct.pack("<H", checksum)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x9006, 8, struct.pack("<I", 0x00010000))
        + attribute(1, 0x9007, 6, struct.pack("<II", 1252, 0))
        + attribute(1, 0x800C, 2, body.encode("cp1252") + b"\0")
        + attribute(2, 0x9002, 6, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0))
        + attribute(2, 0x8010, 1, name.encode("cp1252") + b"\0")
        + attribute(2, 0x800F, 6, data)
    )
