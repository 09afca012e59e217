from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateBucket(models.Model):
    """One token bucket shared by all processes: a relay's, its interactive lane's, or a run's own.

    `tokens` is the level at `updated` (epoch seconds); while `paused_until` lies ahead nobody takes a token.
    The arithmetic is in relay/limits.py, taking and pausing in throttle.py.
    """

    key = models.CharField(max_length=350, unique=True)
    tokens = models.FloatField()
    updated = models.FloatField()
    paused_until = models.FloatField(default=0.0)
    pauses = models.PositiveIntegerField(default=0, help_text=_("429 answers in a row."))
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.key
