"""What the figures need of SQL beyond Django's own functions, the same on SQLite and Postgres."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import RowNumber

QUARTER_HOUR = 900  # seconds; every time zone of today is a multiple of it away from UTC


class Epoch(Func):
    """A moment in whole seconds since 1970. SQLite computes it without a call into Python for every row."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint", **context
        )


def quarter(field: str) -> Combinable:
    """The number of the quarter hour a moment lies in: days of any time zone are made of these."""
    return Epoch(F(field)) / QUARTER_HOUR


def ranked(groups: dict[str, list[str]]) -> tuple[dict[str, Window], Q]:
    """Windows that number the rows of each group by `seconds`, and the condition that leaves those at the median and
    at the 90th percentile (the smallest value that at least so many are not above).

    `groups`: a name -> the columns a group is made of, none for all rows together.
    """
    windows: dict[str, Window] = {}
    wanted = Q()
    for name, columns in groups.items():
        windows[f"{name}_rank"] = Window(RowNumber(), partition_by=columns or None, order_by="seconds")
        windows[f"{name}_n"] = Window(Count("*"), partition_by=columns or None)
        for percent in (50, 90):
            wanted |= Q(**{f"{name}_rank": (F(f"{name}_n") * percent + 99) / 100})
    return windows, wanted


def place(number: int, percent: int) -> int:
    """The rank of a percentile among `number` values, as `ranked` computes it."""
    return (number * percent + 99) // 100
