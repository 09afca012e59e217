from __future__ import annotations

from django.db import models
from django.utils import timezone

from assistant.models.triage_run import TriageRun


class TriageChunk(models.Model):
    """Tickets that go to the relay in one request: the queue is these rows.

    A worker claims one by a conditional UPDATE that raises `fence` and sets `lease_until`; only a commit that still
    finds its fence counts. `stage` says how the tickets came here: asked first, asked again, asked one by one.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        LEASED = "leased"
        DONE = "done"

    class Stage(models.IntegerChoices):
        FIRST = 0
        AGAIN = 1
        SINGLE = 2

    run = models.ForeignKey(TriageRun, models.CASCADE, related_name="chunks")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    stage = models.PositiveSmallIntegerField(choices=Stage, default=Stage.FIRST)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["run", "state", "next_at"]),
            models.Index(fields=["state", "lease_until"]),
        ]

    def __str__(self) -> str:
        return f"chunk {self.pk} of run {self.run_id}"
