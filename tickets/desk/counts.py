"""Counts that stay cheap: counted up to a cap, all in one query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import IntegerField, QuerySet, Subquery

from tickets.models import Ticket

CAP = 999


class CappedCount(Subquery):
    """How many rows a queryset has, looking at no more than one above the cap."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, queryset: QuerySet[Ticket], most: int, **extra: Any) -> None:
        super().__init__(queryset.order_by().values("pk")[: most + 1], **extra)


def capped_counts(
    user: User, querysets: dict[str, QuerySet[Ticket]], most: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The size of each queryset by its name, its cap + 1 standing for all that is more. One query. `most` has the
    caps of names that have one of their own."""
    caps = dict.fromkeys(querysets, CAP) | dict(most or {})
    counts = {f"n_{name}": CappedCount(queryset, caps[name]) for name, queryset in querysets.items()}
    row = User.objects.filter(pk=user.pk).annotate(**counts).values(*counts).get()
    return {name: row[f"n_{name}"] for name in querysets}
