"""How far runs are, read from their own rows: one query for any number of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.models import TriageItem, TriageRun

LONG_WAIT = 120  # seconds from which a wait is shown as a time of day


@dataclass(frozen=True)
class Progress:
    """`cost` is USD as text, None when a call had no known price; `seconds_left` is None while nobody can tell.
    `undo_left` counts the tickets that an undo has still to come to, None when none is under way."""

    run: int
    state: str
    total: int
    classified: int
    needs_human: int
    failed: int
    pending: int
    requests: int
    cost: str | None
    seconds_left: int | None
    waiting: str
    pause_reason: str
    undo_left: int | None = None

    @property
    def done(self) -> int:
        return self.classified + self.needs_human + self.failed


def progress(run_ids: Iterable[int], *, now: datetime | None = None) -> dict[int, Progress]:
    """Run id -> its progress; runs that do not exist are left out."""
    now = now or timezone.now()
    return {run.pk: _of(run, now) for run in TriageRun.objects.filter(pk__in=list(run_ids))}


def _of(run: TriageRun, now: datetime) -> Progress:
    cost = run.known_cost
    total = run.total if run.sample_size is None else run.sample_size
    return Progress(
        run=run.pk, state=run.state, total=total, classified=run.classified, needs_human=run.needs_human,
        failed=run.failed, pending=max(run.total - run.done, 0), requests=run.requests,
        cost=None if cost is None else f"{cost:f}",
        seconds_left=_seconds_left(run, now), waiting=_waiting(run, now), pause_reason=run.pause_reason,
        undo_left=run.undo_left,
    )  # fmt: skip


def _seconds_left(run: TriageRun, now: datetime) -> int | None:
    """At the pace so far."""
    if run.state != TriageRun.State.RUNNING or run.started is None or not run.done:
        return None
    pace = (now - run.started).total_seconds() / run.done
    return round(max((run.sample_size or run.total) - run.done, 0) * pace)


def _waiting(run: TriageRun, now: datetime) -> str:
    if run.state != TriageRun.State.RUNNING or run.waiting_until is None or run.waiting_until <= now:
        return ""
    seconds = round((run.waiting_until - now).total_seconds())
    if seconds > LONG_WAIT:
        moment = timezone.localtime(run.waiting_until).strftime("%H:%M:%S")
        return _("waiting for the relay until %(time)s") % {"time": moment}
    return _("waiting for the rate limit, %(seconds)s s") % {"seconds": max(seconds, 1)}


def category_counts(run: TriageRun) -> list[tuple[str, str, int]]:
    """(slug, name, tickets) for every category that the run chose, the most frequent first."""
    return category_counts_of([run.pk]).get(run.pk, [])


def category_counts_of(run_ids: Iterable[int]) -> dict[int, list[tuple[str, str, int]]]:
    """Run id -> its category_counts, in one query; runs that chose nothing are left out."""
    labels = [Coalesce(f"classification__category__{of}", f"trial_answer__category__{of}") for of in ("slug", "name")]
    items = TriageItem.objects.filter(run__in=list(run_ids), state=TriageItem.State.CLASSIFIED)
    rows = items.values_list("run", *labels).annotate(count=Count("pk")).order_by("-count", labels[0])
    counts: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for run_id, slug, name, count in rows:
        counts[run_id].append((slug, name, count))
    return dict(counts)


def priority_counts(run: TriageRun) -> list[tuple[str, int]]:
    """(priority, tickets), the most frequent first."""
    items = TriageItem.objects.filter(run=run, state=TriageItem.State.CLASSIFIED)
    counted = items.values_list("classification__priority").annotate(count=Count("pk"))
    return list(counted.order_by("-count", "classification__priority"))
