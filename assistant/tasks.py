"""Celery's way to the same work, for many machines. Used when CELERY_BROKER_URL is set; the queue is still the rows.

A message is only a hint that a chunk may be due: it can be lost or come twice, since the worker claims the row.
"""

from __future__ import annotations

from celery import shared_task
from django.db.models import Count, F, Q
from django.utils import timezone

from assistant import jobs
from assistant.models import TriageChunk, TriageRun
from assistant.triage import chunks
from assistant.triage.chunks import LEASE_SECONDS
from assistant.triage.leases import Leases
from assistant.triage.work import Worker, process_chunk

_leases = Leases(LEASE_SECONDS, timezone.now)


@shared_task(name="assistant.process_chunk", ignore_result=True)
def process_chunk_task(chunk_id: int) -> None:
    """Work on a chunk if it is still due and its run has a request free, then send for the next."""
    lease = chunks.claim(timezone.now(), chunk_id=chunk_id)
    if lease is None:
        return
    with _leases.holding(lease):
        process_chunk(lease, Worker())
    dispatch(lease.run_id)


@shared_task(name="assistant.run_periodic_jobs", ignore_result=True)
def run_periodic_jobs() -> None:
    jobs.run_due(timezone.now())


@shared_task(name="assistant.dispatch_chunks", ignore_result=True)
def dispatch_chunks() -> None:
    """The sweeper: whatever is due, abandoned chunks too, is sent out again."""
    chunks.requeue_expired(timezone.now())
    for run_id in TriageRun.objects.filter(state=TriageRun.State.RUNNING).values_list("pk", flat=True):
        dispatch(run_id)


def dispatch(run_id: int) -> None:
    """Send the ids of as many due chunks as the run has requests free."""
    now = timezone.now()
    leased = Count("chunks", filter=Q(chunks__state=TriageChunk.State.LEASED, chunks__lease_until__gte=now))
    run = TriageRun.objects.filter(pk=run_id).annotate(free=F("concurrency") - leased).first()
    if run is None or run.free < 1:
        return
    due = chunks.due_chunks(now).filter(run=run_id).order_by("-stage", "pk")
    for chunk_id in due.values_list("pk", flat=True)[: run.free]:
        process_chunk_task.delay(chunk_id)
