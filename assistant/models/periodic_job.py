from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models


class PeriodicJob(models.Model):
    """When a job of settings.PERIODIC_JOBS is due next. Whoever moves `due` runs it, so any number may ask."""

    name = models.CharField(max_length=100, unique=True)
    due = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def claim(cls, name: str, seconds: float, now: datetime) -> bool:
        """True for exactly one caller each time the job is due; a job never seen before is due at once."""
        following = now + timedelta(seconds=seconds)
        if cls.objects.filter(name=name, due__lte=now).update(due=following):
            return True
        if cls.objects.filter(name=name).exists():
            return False
        return cls.objects.get_or_create(name=name, defaults={"due": following})[1]
