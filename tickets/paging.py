"""Keyset pages: the same answer at any depth, nothing lost or repeated while rows are inserted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


class BadCursor(ValueError):
    """The cursor in the address was not made by this page."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """`rows` in order; `next` and `previous` are cursors for the neighbouring pages, empty at the ends."""

    rows: Sequence[Row]
    next: str
    previous: str


def keyset_page(
    queryset: QuerySet[Row], *, field: str, cursor: str = "", size: int = 50, descending: bool = True
) -> Page[Row]:
    """One page of `queryset` ordered by the datetime `field` and id.

    Written as `a <= x AND (a < x OR id < y)`: the first half is what an index on (a, id) can seek by.

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    backwards, position = _decode(cursor) if cursor else (False, None)
    falling = descending != backwards
    if position is not None:
        value, pk = position
        near, past = ("lte", "lt") if falling else ("gte", "gt")
        beyond = Q(**{f"{field}__{past}": value}) | Q(**{f"pk__{past}": pk})
        queryset = queryset.filter(Q(**{f"{field}__{near}": value}) & beyond)
    sign = "-" if falling else ""
    found = list(queryset.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    has_next = bool(rows) and (more or backwards)
    has_previous = bool(rows) and (more if backwards else position is not None)
    return Page(
        rows,
        next=_encode(False, getattr(rows[-1], field), rows[-1].pk) if has_next else "",
        previous=_encode(True, getattr(rows[0], field), rows[0].pk) if has_previous else "",
    )


def _encode(backwards: bool, value: datetime, pk: int) -> str:
    raw = json.dumps([int(backwards), value.isoformat(), pk], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[bool, tuple[datetime, int]]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, value, pk = json.loads(raw)
        return bool(backwards), (datetime.fromisoformat(value), int(pk))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCursor("The page address is damaged; start again from the first page.") from error
