from __future__ import annotations

from django.db import models
from django.db.models import F


class Tally(models.Model):
    """How often something worth watching has happened since the beginning, and for how many seconds in all.

    For what leaves no row of its own behind: a wait for the rate limit, a lease that ran out.
    """

    class Name(models.TextChoices):
        RATE_LIMIT_WAIT = "rate_limit_wait"
        LEASE_EXPIRED = "lease_expired"

    name = models.CharField(max_length=40, unique=True, choices=Name)
    count = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"

    @classmethod
    def add(cls, name: str, count: int = 1, seconds: float = 0.0) -> None:
        """Count `count` more, in one UPDATE once the row is there. Does nothing for a count of 0."""
        if not count:
            return
        row = cls.objects.filter(name=name)
        more = {"count": F("count") + count, "seconds": F("seconds") + seconds}
        if not row.update(**more):
            cls.objects.get_or_create(name=name)
            row.update(**more)
