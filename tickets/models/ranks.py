"""Orders that are not the order of a column's values."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField

URGENCY = {"high": 0, "medium": 1, "low": 2}  # what Urgency says in SQL


class Urgency(Func):
    """0 for high, 1 for medium, 2 for low priority. The words stand in the SQL itself: an index on the expression
    serves only a query that says exactly the same."""

    template = "(CASE %(expressions)s WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END)"
    output_field = IntegerField()

    def __init__(self, **extra: Any) -> None:
        super().__init__(F("priority"), **extra)
