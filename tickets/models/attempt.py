from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.crypto import salted_hmac


class Attempt(models.Model):
    """One use of a public page, counted under what it is limited by; kept in the database because several web
    processes must count together. `key` is a keyed hash: neither addresses nor texts can be read from it."""

    key = models.CharField(max_length=64)
    created = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "created"], name="attempt_by_key"),
                   models.Index(fields=["created"], name="attempt_by_created")]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.created}"

    @classmethod
    def allow(cls, what: str, value: str, *, limit: int, window: timedelta, now: datetime) -> bool:
        """Count one use of `what` by `value`; False when there were `limit` within `window` before it."""
        key = salted_hmac(f"tickets.attempt.{what}", value.strip().lower(), algorithm="sha256").hexdigest()
        cls.objects.create(key=key, created=now)
        return cls.objects.filter(key=key, created__gt=now - window)[: limit + 1].count() <= limit

    @classmethod
    def forget(cls, before: datetime) -> int:
        return cls.objects.filter(created__lt=before).delete()[0]
