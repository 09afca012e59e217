"""From the values of a row to what Collie knows: types, lengths, words for states."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parseaddr
from hashlib import blake2b
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from tickets.importing.dates import parse_moment
from tickets.importing.errors import RowError
from tickets.models.choices import Priority, Status

_STATUSES = {
    Status.OPEN: ("open", "new", "reopened", "in progress", "todo"),
    Status.PENDING: ("pending", "on hold", "hold", "waiting"),
    Status.RESOLVED: ("resolved", "solved", "done"),
    Status.CLOSED: ("closed", "archived"),
}
_PRIORITIES = {
    Priority.HIGH: ("high", "highest", "urgent", "critical"),
    Priority.MEDIUM: ("medium", "normal"),
    Priority.LOW: ("low", "lowest", "minor"),
}
_LONGEST_ID = 200


@dataclass(frozen=True)
class Row:
    """A row that can be imported. `status` and `priority` are "" when not given; `thread` and `external_id` are as
    the source has them; `content` is a digest of what makes two rows equal."""

    body: str
    subject: str
    email: str
    name: str
    external_id: str
    thread: str
    category: str
    priority: str
    status: str
    team: str
    assignee: str
    created: datetime | None
    tags: tuple[str, ...]
    content: bytes


def parse_row(values: Mapping[str, Any]) -> Row:
    """Read the `values` by field of one row.

    Raises:
        RowError: something in it cannot be imported. Nothing else is raised, whatever the values are.
    """
    tags = _tags(values.get("tags"))
    text = {field: _text(field, value) for field, value in values.items() if field != "tags"}
    get: Callable[[str], str] = lambda field: text.get(field, "").strip()  # noqa: E731
    body = text.get("body", "").replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not body.strip():
        raise RowError(_("The row has no body."))
    email, name = _address(get("email"))
    row = Row(
        body=body,
        subject=" ".join(get("subject").split()),
        email=email,
        name=(get("name") or name)[:200],
        external_id=_identity("external_id", get("external_id")),
        thread=_identity("thread", get("thread")),
        category=get("category"),
        priority=_word("priority", get("priority"), _PRIORITIES),
        status=_word("status", get("status"), _STATUSES),
        team=get("team"),
        assignee=get("assignee"),
        created=parse_moment(get("created_at")) if get("created_at") else None,
        tags=tags,
        content=b"",
    )
    return replace(row, content=_digest(row.email, row.subject, row.body, get("created_at"), row.thread))


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = {bool: "true or false", list: "a list", dict: "an object"}.get(type(value), type(value).__name__)
        raise RowError(_("%(field)s is %(kind)s; text is needed.") % {"field": field, "kind": kind})
    try:
        text = str(value)
        text.encode()
    except ValueError as error:  # half a surrogate pair, or a number of thousands of digits
        raise RowError(
            _("%(field)s cannot be stored as text (%(error)s).") % {"field": field, "error": error}
        ) from error
    if "\0" in text:
        raise RowError(_("%(field)s contains a NUL byte.") % {"field": field})
    return text


def _tags(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else re.split(r"[,;|]", _text("tags", value))
    names = (" ".join(_text("tags", part).split())[:100] for part in parts)
    return tuple(dict.fromkeys(filter(None, names)))


def _address(text: str) -> tuple[str, str]:
    """The address in lower case and the name beside it, from `a@b` or `Ann <a@b>`."""
    if not text:
        return "", ""
    name, address = parseaddr(text)
    address = (address or text).lower()
    try:
        validate_email(address)
        if len(address) > 254:
            raise ValidationError(_("too long"))
    except ValidationError as error:
        raise RowError(_("“%(text)s” is not an e-mail address.") % {"text": text[:80]}) from error
    return address, name


def _identity(field: str, text: str) -> str:
    if len(text) > _LONGEST_ID:  # cut, two different ones could become one
        raise RowError(_("%(field)s is longer than %(limit)d characters.") % {"field": field, "limit": _LONGEST_ID})
    return text


def _word(field: str, text: str, known: Mapping[Any, tuple[str, ...]]) -> str:
    plain = re.sub(r"[\s_-]+", " ", text.casefold())
    if not plain:
        return ""
    for value, words in known.items():
        if plain in words:
            return str(value)
    return _refuse_word(field, text, known)


def _refuse_word(field: str, text: str, known: Mapping[Any, tuple[str, ...]]) -> str:
    raise RowError(
        _("The %(field)s “%(text)s” is not known; write one of %(words)s.")
        % {"field": field, "text": text[:40], "words": ", ".join(str(value) for value in known)}
    )


def _digest(*parts: str) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
