"""The queue: chunk rows that are claimed, renewed, finished, given back and divided.

A claim raises the chunk's fence, and everything later asks for that fence in its own UPDATE. So whoever lost a lease,
by dying or by being too slow, can change nothing any more, and no lock is held while the relay answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, PositiveIntegerField, Q, QuerySet, Value, When

from assistant.models import Tally, TriageChunk, TriageItem, TriageRun
from assistant.triage import news
from assistant.triage.writing import writing

LEASE_SECONDS = 60.0
MAX_ATTEMPTS = 3
BACKOFF = timedelta(seconds=5)  # after the first answered failure; doubled after each further one

_PENDING, _LEASED, _DONE = TriageChunk.State.PENDING, TriageChunk.State.LEASED, TriageChunk.State.DONE


@dataclass(frozen=True)
class Lease:
    """The right to work on a chunk, as long as its row still has this fence."""

    chunk_id: int
    run_id: int
    fence: int

    def row(self) -> QuerySet[TriageChunk]:
        return TriageChunk.objects.filter(pk=self.chunk_id, fence=self.fence, state=_LEASED)


def claim(
    now: datetime, *, seconds: float = LEASE_SECONDS, run_id: int | None = None, chunk_id: int | None = None
) -> Lease | None:
    """Lease the next due chunk of a running run that has a request free, the least busy run first.

    `run_id` or `chunk_id` narrow the choice. None when there is nothing to do now.
    """
    due = due_chunks(now)
    if run_id is not None:
        due = due.filter(run=run_id)
    if chunk_id is not None:
        due = due.filter(pk=chunk_id)
    for free_run in _runs_with_room(due, now):
        with writing():
            lease = _claim_of(free_run, due, now, seconds)
        if lease:
            return lease
    return None


def due_chunks(now: datetime) -> QuerySet[TriageChunk]:
    """Waiting chunks whose time has come, and leased ones whose worker has not been heard of."""
    waiting = Q(state=_PENDING, next_at__lte=now)
    abandoned = Q(state=_LEASED, lease_until__lt=now)
    return TriageChunk.objects.filter(waiting | abandoned, run__state=TriageRun.State.RUNNING)


def _runs_with_room(due: QuerySet[TriageChunk], now: datetime) -> list[int]:
    leased = Count("chunks", filter=Q(chunks__state=_LEASED, chunks__lease_until__gte=now))
    runs = (
        TriageRun.objects.filter(Exists(due.filter(run=OuterRef("pk"))), state=TriageRun.State.RUNNING)
        .annotate(leased=leased)
        .filter(leased__lt=F("concurrency"))
    )
    return list(runs.order_by("leased", "pk").values_list("pk", flat=True))


def _claim_of(run_id: int, due: QuerySet[TriageChunk], now: datetime, seconds: float) -> Lease | None:
    # The run's row is locked, so that two processes never count the same free request.
    running = TriageRun.objects.select_for_update().filter(pk=run_id, state=TriageRun.State.RUNNING)
    run = running.only("concurrency", "started").first()
    if run is None:
        return None
    busy = TriageChunk.objects.filter(run=run, state=_LEASED, lease_until__gte=now).count()
    # What is left of an earlier answer first: it may have to be asked about more than once still.
    free = due.filter(run=run).select_for_update(skip_locked=True, of=("self",))
    chunk = free.order_by("-stage", "pk").first()
    if busy >= run.concurrency or chunk is None:
        return None
    mine = TriageChunk.objects.filter(pk=chunk.pk, fence=chunk.fence).update(
        state=_LEASED, fence=F("fence") + 1, lease_until=now + timedelta(seconds=seconds)
    )
    if run.started is None:
        TriageRun.objects.filter(pk=run_id, started__isnull=True).update(started=now)
    return Lease(chunk.pk, run_id, chunk.fence + 1) if mine else None


def renew(leases: Sequence[Lease], now: datetime, seconds: float = LEASE_SECONDS) -> None:
    """Say that the work on these goes on. A lease that was lost stays lost."""
    until = now + timedelta(seconds=seconds)
    with writing():
        for lease in leases:
            lease.row().update(lease_until=until)


def finish(lease: Lease) -> bool:
    """The chunk is done; False when the lease was lost, and then nothing of its work may be kept.

    Locks the run's row first: of two chunks that end together, the later one sees that it was the last.
    """
    return bool(_under_lock(lease).update(state=_DONE, lease_until=None))


def ask_again(lease: Lease, now: datetime) -> bool:
    """What is left of the chunk goes out once more; False when the lease was lost."""
    stage = TriageChunk.Stage.AGAIN
    return bool(_under_lock(lease).update(state=_PENDING, lease_until=None, next_at=now, stage=stage, attempts=0))


def _under_lock(lease: Lease) -> QuerySet[TriageChunk]:
    return lease.row().filter(run__in=TriageRun.objects.select_for_update().filter(pk=lease.run_id))


def give_back(lease: Lease, next_at: datetime) -> bool:
    """Let somebody else work on it, not before `next_at`. This is no attempt."""
    return bool(lease.row().update(state=_PENDING, lease_until=None, next_at=next_at))


def try_later(lease: Lease, attempts: int, now: datetime) -> bool:
    """The chunk failed for the `attempts`-th time with an answer: once more, after a growing pause."""
    next_at = now + BACKOFF * 2 ** (attempts - 1)
    return bool(lease.row().update(state=_PENDING, lease_until=None, next_at=next_at, attempts=attempts))


def fill(run: TriageRun, ids: Sequence[int], now: datetime) -> None:
    """Make chunks of pending items that are in none, in order. Each takes a range of item ids, in one statement, save
    in a sample, whose items have others between them."""
    groups = [ids[at : at + run.batch_size] for at in range(0, len(ids), run.batch_size)]
    if run.sample_size is not None:
        divide(run.pk, groups, TriageChunk.Stage.FIRST, now)
        return
    made = TriageChunk.objects.bulk_create([TriageChunk(run=run, next_at=now) for _ in groups], batch_size=1000)
    table, state = TriageItem._meta.db_table, TriageItem.State.PENDING.value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET chunk_id = %s "  # noqa: S608
            "WHERE run_id = %s AND state = %s AND chunk_id IS NULL AND id BETWEEN %s AND %s",
            [(chunk.pk, run.pk, state, ids[0], ids[-1]) for chunk, ids in zip(made, groups, strict=True)],
        )


def divide(run_id: int, groups: Sequence[Sequence[int]], stage: int, now: datetime) -> None:
    """Make one new chunk of each group of item ids."""
    chunks = TriageChunk.objects.bulk_create([TriageChunk(run_id=run_id, stage=stage, next_at=now) for _ in groups])
    moves = [When(pk__in=list(group), then=Value(chunk.pk)) for chunk, group in zip(chunks, groups, strict=True)]
    every = [item_id for group in groups for item_id in group]
    TriageItem.objects.filter(pk__in=every).update(chunk=Case(*moves))


def halves(ids: Sequence[int]) -> list[list[int]]:
    """Two groups of nearly equal size, or one where there is nothing to divide."""
    middle = (len(ids) + 1) // 2
    return [list(half) for half in (ids[:middle], ids[middle:]) if half]


def requeue_expired(now: datetime) -> int:
    """Periodic job: free chunks whose worker is gone, end runs that have nothing left. Returns the chunks freed."""
    expired = TriageChunk.objects.filter(state=_LEASED, lease_until__lt=now)
    with writing():
        freed = expired.update(state=_PENDING, lease_until=None)
        Tally.add(Tally.Name.LEASE_EXPIRED, freed)
        close_finished(now)
    return freed


def unfinished() -> QuerySet[TriageChunk]:
    """Chunks of the run in an outer query that are still to be done."""
    return TriageChunk.objects.filter(run=OuterRef("pk")).exclude(state=_DONE)


_OVER = Q(~Exists(unfinished()), state=TriageRun.State.RUNNING)


def ending(more: int = 0) -> dict[str, Any]:
    """What an UPDATE sets on a run without an open chunk: it is done, or its sample is, and tickets deleted meanwhile
    no longer count. `more` are those that the same UPDATE counts. Runs that are not over stay as they are."""
    whole = _OVER & Q(sample_size=None)
    counted = F("classified") + F("needs_human") + F("failed") + Value(more, PositiveIntegerField())
    states = [When(whole, then=Value(TriageRun.State.DONE)), When(_OVER, then=Value(TriageRun.State.SAMPLED))]
    return {
        "state": Case(*states, default=F("state")),
        "total": Case(When(whole, then=counted), default=F("total")),
        "waiting_until": Case(When(_OVER, then=None), default=F("waiting_until")),
    }


def close_finished(now: datetime, run_id: int | None = None) -> None:
    """End the running runs without an open chunk, each exactly once."""
    runs = TriageRun.objects.filter(_OVER)
    if run_id is not None:
        runs = runs.filter(pk=run_id)
    finished = Case(When(finished__isnull=True, then=Value(now)), default=F("finished"))
    for pk in list(runs.values_list("pk", flat=True)):
        with writing():
            if TriageRun.objects.filter(_OVER, pk=pk).update(finished=finished, **ending()):
                news.tell_if_over(pk)
