"""One ticket classified while somebody waits for it: a run like any other, over one ticket, worked on here."""

from __future__ import annotations

import threading
import time

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.models import TriageItem, TriageRun
from assistant.relay.errors import RelayError
from assistant.triage import chunks, runs
from assistant.triage.chunks import LEASE_SECONDS
from assistant.triage.leases import Leases
from assistant.triage.work import Worker, process_chunk
from tickets.models import Ticket

LONGEST = 150.0  # seconds until who waits is told to come back later
LOOK_AGAIN = 0.1
_State = TriageItem.State


def classify_now(ticket: Ticket, user: User, model: str = "") -> TriageItem:
    """Classify `ticket` as a run over it alone; returns its item, classified or in need of a human, with its labels.

    A worker may be quicker to claim the work: then its answer is waited for.

    Raises:
        RunError: no request could leave.
        RelayError: the relay's answer did not come, with its code and the provider's words. The run is cancelled.
    """
    chosen = _("ticket #%(id)s") % {"id": ticket.pk}
    one = Ticket.objects.filter(pk=ticket.pk)
    run = runs.create_run(one, user=user, model=model, batch_size=1, concurrency=1, chosen=chosen)
    try:
        runs.start(run, now=timezone.now())
    except runs.RunError:
        run.delete()
        raise
    _work(run)
    run.refresh_from_db()
    item = run.items.select_related("classification__category").first()
    if item is not None and item.state in {_State.CLASSIFIED, _State.NEEDS_HUMAN}:
        return item
    raise _failure(run, item)


def _work(run: TriageRun) -> None:
    """Until the run is no longer running, or LONGEST is over."""
    worker, leases = Worker(), Leases(LEASE_SECONDS, timezone.now)
    end = time.monotonic() + LONGEST
    alarm = threading.Timer(LONGEST, _end, [worker])
    alarm.daemon = True
    alarm.start()
    try:
        while TriageRun.objects.filter(pk=run.pk, state=TriageRun.State.RUNNING).exists() and time.monotonic() < end:
            lease = chunks.claim(timezone.now(), run_id=run.pk)
            if lease is None:
                worker.stop.wait(LOOK_AGAIN)
                continue
            with leases.holding(lease):
                process_chunk(lease, worker)
    finally:
        alarm.cancel()
        leases.close()


def _end(worker: Worker) -> None:
    worker.stop.set()
    worker.cancel.cancel()


def _failure(run: TriageRun, item: TriageItem | None) -> RelayError:
    """What became of a run without an outcome. It is cancelled, so that it does not go on when nobody waits."""
    by, reason = run.paused_by, run.pause_reason
    if run.state in {TriageRun.State.RUNNING, TriageRun.State.PAUSED}:
        runs.cancel(run)
    if item is not None and item.state == _State.FAILED:
        return RelayError(item.error_code, item.reason)
    if by == TriageRun.PausedBy.BUDGET:
        return RelayError("budget_reached", reason)
    if by == TriageRun.PausedBy.SWITCH:
        return RelayError("ai_disabled", reason)
    return RelayError("timeout", _("The relay is not done with this ticket yet. Ask again later."))
