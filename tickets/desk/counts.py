"""Counts that stay cheap: counted up to a cap, all in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import IntegerField, QuerySet, Subquery

from tickets.models import Ticket

CAP = 999


class CappedCount(Subquery):
    """How many rows a queryset has, looking at no more than one above the cap."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, queryset: QuerySet[Ticket], **extra: Any) -> None:
        super().__init__(queryset.order_by().values("pk")[: CAP + 1], **extra)


def capped_counts(user: User, querysets: dict[str, QuerySet[Ticket]]) -> dict[str, int]:
    """The size of each queryset by its name, CAP + 1 standing for all that is more. One query."""
    counts = {f"n_{name}": CappedCount(queryset) for name, queryset in querysets.items()}
    row = User.objects.filter(pk=user.pk).annotate(**counts).values(*counts).get()
    return {name: row[f"n_{name}"] for name in querysets}
