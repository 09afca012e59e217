"""Periodic jobs over runs: go on where a budget has room again, and clear away what nobody started."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from assistant import ledger
from assistant.models import TriageItem, TriageRun
from assistant.triage import runs
from assistant.triage.writing import writing

logger = logging.getLogger(__name__)

KEPT_UNSTARTED = timedelta(days=1)


def resume_within_budget(now: datetime) -> int:
    """Go on with runs that the monthly or a personal budget has paused and that now have room for their next request:
    a new month or day, or a limit that was raised. Returns how many. A run's own limit is raised by a person alone.
    """
    resumed = 0
    paused = TriageRun.objects.filter(state=TriageRun.State.PAUSED, paused_by=TriageRun.PausedBy.BUDGET)
    for run in paused.exclude(held_for=None).select_related("created_by").order_by("pk"):
        if run.held_for is None or not ledger.has_room(run.held_for, run.created_by, now):
            continue
        try:
            runs.resume(run, now=now)
        except runs.RunError as error:
            logger.info("run %s has room again and stays paused: %s", run.pk, error.message)
            continue
        resumed += 1
    return resumed


def delete_unstarted(now: datetime) -> int:
    """Delete drafts of runs that nobody has started within a day, with their items; returns how many."""
    with writing():
        drafts = TriageRun.objects.filter(state=TriageRun.State.DRAFT, created__lt=now - KEPT_UNSTARTED)
        # Locked, so that a run that is being started is either started or gone.
        ids = list(drafts.select_for_update().values_list("pk", flat=True))
        TriageItem.objects.filter(run__in=ids).delete()
        TriageRun.objects.filter(pk__in=ids).delete()
    return len(ids)
