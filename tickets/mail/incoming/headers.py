"""Header fields of a mail as text, however they were written: folded, encoded in pieces, or bare 8-bit bytes."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tickets.mail.incoming.charsets import clean, decode

_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?)")
_ID = re.compile(r"<[^<>\s]{1,248}>")
_BLANKS = re.compile(r"\s+")
LONGEST = 20_000  # characters of one field that are looked at
MOST_IDS = 100


def values(mail: Message, name: str) -> Iterator[str]:
    """Every field of that name, unfolded, not yet decoded, in order."""
    for key, value in mail.raw_items():
        if key.lower() == name.lower():
            yield _eight_bit(_BLANKS.sub(" ", str(value)[:LONGEST])).strip()


def value(mail: Message, name: str) -> str:
    """The first field of that name; empty without one."""
    return next(values(mail, name), "")


def text(mail: Message, name: str) -> str:
    """The first field of that name as a person reads it."""
    return decode_words(value(mail, name))


def decode_words(raw: str) -> str:
    """RFC 2047: neighbours in one charset are joined before they are decoded, since some break inside a character."""
    shown: list[str] = []
    pending, label = b"", ""
    end = 0
    joined = _BETWEEN.sub(r"\1", raw)
    for word in _WORD.finditer(joined):
        charset = word[1].partition("*")[0]
        if word.start() > end or charset.lower() != label.lower():
            shown.append(decode(pending, label))
            pending = b""
        shown.append(joined[end : word.start()])
        pending, label = pending + _payload(word[2], word[3]), charset
        end = word.end()
    shown += [decode(pending, label), joined[end:]]
    return clean(_BLANKS.sub(" ", "".join(shown))).strip()


def ids(mail: Message, name: str) -> list[str]:
    """The Message-IDs in a field."""
    return [found for raw in values(mail, name) for found in _ID.findall(raw)][:MOST_IDS]


def addresses(mail: Message, *names: str) -> list[tuple[str, str]]:
    """(name, address in lower case) of every usable address in the fields."""
    found = []
    for name in names:
        for shown, address in getaddresses(list(values(mail, name))):
            plain = clean(address).strip().lower()
            if is_address(plain):
                found.append((decode_words(shown).replace("\n", " ")[:200], plain))
    return found


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def date(mail: Message) -> datetime | None:
    try:
        when = parsedate_to_datetime(value(mail, "Date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _eight_bit(raw: str) -> str:
    """Bytes that should not be in a header, which the parser keeps as half surrogates."""
    if raw.isascii():
        return raw
    return decode(raw.encode("utf-8", "surrogateescape"), "")


def _payload(encoding: str, content: str) -> bytes:
    bare = content.encode("ascii", "ignore")
    if encoding in "qQ":
        return quopri.decodestring(bare, header=True)
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return bare
