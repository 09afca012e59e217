"""Counts that stay cheap: counted up to a cap, all in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from tickets.models import Ticket

CAP = 999


def capped_counts(querysets: dict[str, QuerySet[Ticket]], most: Mapping[str, int] | None = None) -> dict[str, int]:
    """The size of each queryset by its name, its cap + 1 standing for all that is more. One query. `most` has the
    caps of names that have one of their own."""
    caps = dict.fromkeys(querysets, CAP) | dict(most or {})
    counted: dict[str, tuple[str, Sequence[Any]]] = {}
    for name, queryset in querysets.items():
        with suppress(EmptyResultSet):  # nothing can match, and there is nothing to ask
            counted[name] = queryset.order_by().values("pk")[: caps[name] + 1].query.sql_with_params()
    numbers = dict.fromkeys(querysets, 0)
    if counted:
        columns = ", ".join(f"(SELECT COUNT(*) FROM ({sql}) counted)" for sql, _values in counted.values())  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns}", [value for _sql, values in counted.values() for value in values])
            numbers.update(zip(counted, cursor.fetchone(), strict=True))
    return numbers
