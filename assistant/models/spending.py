from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection, models


class Spending(models.Model):
    """What a period has used of its budget: settled, unknown and reserved cost together.

    One row a calendar month (`2026-11`) and one a person and day (`2026-11-23/user/7`), both in UTC. A reservation is
    one conditional UPDATE, so that any number of processes together never exceed a limit.
    """

    period = models.CharField(max_length=60, unique=True)
    amount = models.DecimalField(max_digits=20, decimal_places=10, default=Decimal(0))

    def __str__(self) -> str:
        return f"{self.period}: {self.amount} USD"

    @staticmethod
    def month(at: datetime) -> str:
        return f"{at.astimezone(UTC):%Y-%m}"

    @staticmethod
    def day(at: datetime, user_id: int) -> str:
        return f"{at.astimezone(UTC):%Y-%m-%d}/user/{user_id}"

    @classmethod
    def reserve(cls, period: str, cost: Decimal, limit: Decimal | None) -> bool:
        """Add `cost` to the period unless that would exceed `limit`; False when it would."""
        if cls._add(period, cost, limit):
            return True
        # No row yet, or no room. Whoever made the row may be another process, so it is asked again in either case.
        cls.objects.get_or_create(period=period)
        return cls._add(period, cost, limit)

    @classmethod
    def correct(cls, periods: Collection[str], difference: Decimal) -> None:
        """Replace a reservation by what the call did cost: `difference` is settled minus reserved."""
        marks = ", ".join(["%s"] * len(periods))
        sql = f"UPDATE assistant_spending SET amount = ROUND(amount + %s, 10) WHERE period IN ({marks})"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(sql, [difference, *periods])

    @staticmethod
    def _add(period: str, amount: Decimal, limit: Decimal | None) -> bool:
        """In SQL: it runs twice a call, and the ORM takes ten times as long to say it as the database to do it.

        Rounded, since SQLite adds in binary floating point, where a million sums would drift.
        """
        sql = "UPDATE assistant_spending SET amount = ROUND(amount + %s, 10) WHERE period = %s"
        with connection.cursor() as cursor:
            if limit is None:
                cursor.execute(sql, [amount, period])
            else:
                cursor.execute(f"{sql} AND amount <= %s", [amount, period, limit - amount])
            return cursor.rowcount == 1
