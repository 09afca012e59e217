"""What the figures need of SQL beyond Django's own functions, the same on SQLite and Postgres."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField
from django.db.models.expressions import Combinable

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
