"""Keyset pages: the same answer at any depth, nothing lost or repeated while rows are inserted."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

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
    queryset: QuerySet[Row],
    *,
    field: str,
    cursor: str = "",
    size: int = 50,
    descending: bool = True,
    group: str = "",
    groups: Sequence[int] = (),
    rows: QuerySet[Row] | None = None,
) -> Page[Row]:
    """One page of `queryset` ordered by the datetime `field` and id.

    Written as `a <= x AND (a < x OR id < y)`: the first half is what an index on (a, id) can seek by. `group` is a
    column that has only the values `groups`, and rows come in their order first: one group is read after the other
    until the page is full, so that each can be sought by too. `rows`
    are what the page's rows are read from once their keys are known: for querysets that no index sorts, so that what
    comes with a row is not joined to all that has to be sorted.

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    backwards, place = _decode(cursor, grouped=bool(group)) if cursor else (False, None)
    found: list[Row] = []
    for part in rows_from(queryset, field=field, cursor=cursor, group=group, groups=groups, descending=descending):
        left = size + 1 - len(found)
        if rows is not None:
            part = rows.filter(pk__in=part.values("pk")[:left]).order_by(*part.query.order_by)
        found += part[:left]
        if len(found) > size:
            break
    more, shown = len(found) > size, found[:size]
    if backwards:
        shown.reverse()
    has_next = bool(shown) and (more or backwards)
    has_previous = bool(shown) and (more if backwards else place is not None)
    return Page(
        shown,
        next=cursor_of(field, shown[-1], group=group) if has_next else "",
        previous=cursor_of(field, shown[0], backwards=True, group=group) if has_previous else "",
    )


@dataclass(frozen=True)
class _Place:
    """Where a page ends: the values of its outermost row."""

    group: int
    value: datetime
    pk: int


def _parts(place: _Place | None, field: str, group: str, groups: list[int], *, falling: bool) -> list[Q]:
    """What is to be read, in this order, until the page is full."""
    if place is None:
        return [Q(**{group: value}) for value in groups] or [Q()]
    near, past = ("lte", "lt") if falling else ("gte", "gt")
    beyond = Q(**{f"{field}__{past}": place.value}) | Q(**{f"pk__{past}": place.pk})
    within = Q(**{f"{field}__{near}": place.value}) & beyond
    if not group:
        return [within]
    further = groups[groups.index(place.group) + 1 :] if place.group in groups else []
    return [Q(**{group: place.group}) & within, *(Q(**{group: value}) for value in further)]


def rows_from(
    queryset: QuerySet[Row],
    *,
    field: str,
    cursor: str,
    group: str = "",
    groups: Sequence[int] = (),
    descending: bool = True,
) -> list[QuerySet[Row]]:
    """The querysets that a page from `cursor` on is read from, one after the other, each in the order in which it is
    walked: away from the cursor. Raises BadCursor."""
    backwards, place = _decode(cursor, grouped=bool(group)) if cursor else (False, None)
    falling = descending != backwards
    order = [f"-{field}", "-pk"] if falling else [field, "pk"]
    walked = sorted(groups, reverse=backwards)
    return [queryset.filter(part).order_by(*order) for part in _parts(place, field, group, walked, falling=falling)]


def cursor_of(field: str, place: Model | dict[str, Any] | str, *, backwards: bool = False, group: str = "") -> str:
    """The cursor of the page after a row, or before it; `place` is the row (a dict of .values() has "pk" too), or a
    cursor to be turned.

    Raises:
        BadCursor: `place` is a cursor, and not one of ours.
    """
    if isinstance(place, str):
        _was, known = _decode(place, grouped=bool(group))
    else:
        known = _Place(int(_read(place, group)) if group else 0, _read(place, field), _read(place, "pk"))
    values: list[Any] = [int(backwards), known.value.isoformat(), known.pk]
    raw = json.dumps([*values, known.group] if group else values, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def _decode(cursor: str, *, grouped: bool) -> tuple[bool, _Place]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, value, pk, *rest = json.loads(raw)
        (group,) = rest if grouped else (0, *rest)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None or not (_is_number(pk) and _is_number(group)):
            raise ValueError(cursor)
        return bool(backwards), _Place(group, moment.astimezone(UTC), pk)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadCursor("The page address is damaged; start again from the first page.") from error


def _is_number(value: Any) -> bool:
    """Whether both databases can compare a column with it."""
    return type(value) is int and abs(value) < 2**63
