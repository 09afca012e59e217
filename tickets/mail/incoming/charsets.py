"""Bytes of mail as text. What a label says is tried first, what the bytes say decides.

Labels are wrong every day: "us-ascii" on anything, "iso-8859-1" on UTF-8 and on windows-1252, gb2312 for its
supersets, "unknown-8bit". UTF-7 is refused, since it hides markup from every filter: its bytes are shown as they are.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_WIDER = {
    "ascii": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252",
    "latin1": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "euc-cn": "gb18030", "shift_jis": "cp932",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932", "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949", "euc-kr": "cp949", "big5": "big5hkscs", "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "cp1255", "iso-8859-8": "cp1255", "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
    "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "x-utf-8": "utf-8", "cp-850": "cp850",
}  # fmt: skip
_REFUSED = {"utf-7", "utf7", "unicode-1-1-utf-7", "x-user-defined", "idna", "punycode"}
_SINGLE_BYTE = re.compile(r"^(?:cp12|cp8|iso8859|iso-8859|latin|koi8|mac)", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
SAMPLE = 20_000


def decode(data: bytes, label: str) -> str:
    """`data` as text a database can hold: no NUL, no half surrogate. Never raises."""
    return clean(_decoded(data, label.strip().strip("\"'").lower()))


def clean(text: str) -> str:
    return _UNSTORABLE.sub("", text)


def _decoded(data: bytes, label: str) -> str:
    if data.isascii() and not _stateful(label):
        return data.decode("ascii")
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace")
    codec = _codec(label)
    as_utf8 = _strictly(data, "utf-8")
    if as_utf8 is not None and (codec is None or codec == "utf-8" or _SINGLE_BYTE.match(codec)):
        return as_utf8  # by chance no text in a single-byte charset is valid UTF-8
    if codec and (text := _strictly(data, codec)) is not None:
        return text
    if as_utf8 is not None:
        return as_utf8
    if codec and (text := _nearly(data, codec)) is not None:
        return text
    return _guessed(data)


def _stateful(label: str) -> bool:
    """ISO-2022 and UTF-16 say everything in ASCII bytes."""
    return label.startswith(("iso-2022", "iso2022", "hz", "utf-16", "utf16", "utf-32", "utf32"))


def _codec(label: str) -> str | None:
    name = _WIDER.get(label, label)
    if not name or name in _REFUSED:
        return None
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return name if getattr(found, "_is_text_encoding", True) else None


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _nearly(data: bytes, codec: str) -> str | None:
    """The text if only a few characters of it cannot be read, as where a mail was cut inside one."""
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return None
    return text if text.count("\ufffd") * 50 <= len(text) + 50 else None


def _guessed(data: bytes) -> str:
    best = from_bytes(data[:SAMPLE]).best()
    codec = best.encoding if best else "cp1252"
    text = _strictly(data, codec)
    return text if text is not None else data.decode("cp1252", "replace")
