"""How a run is stopped by something other than a person: an error no retry mends, failures in a row, a budget."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, F
from django.utils.translation import gettext as _

from assistant.models import TriageChunk, TriageItem, TriageRun
from assistant.relay.errors import RelayError
from assistant.triage import chunks
from assistant.triage.writing import writing

_State = TriageRun.State
_PausedBy = TriageRun.PausedBy


def stop(run_id: int, code: str, words: str, now: datetime) -> None:
    """Pause a running run by an error: what is left of it has failed, with the same words, until it is retried."""
    paused = TriageRun.objects.filter(pk=run_id, state=_State.RUNNING).update(
        state=_State.PAUSED, paused_by=_PausedBy.ERROR, pause_reason=words, waiting_until=None, finished=now
    )
    if paused:
        _fail_waiting(run_id, code, words)


def count_failure(run_id: int, error: RelayError, most: int, now: datetime) -> None:
    """One more chunk has failed; at `most` without a success between them the run is stopped."""
    TriageRun.objects.filter(pk=run_id).update(failures_in_row=F("failures_in_row") + 1)
    if TriageRun.objects.filter(pk=run_id, failures_in_row__gte=most).exists():
        stop(run_id, error.code, error.message, now)


def name_address(error: RelayError) -> None:
    """No connection was made, whatever was tried: the run stops, and its words say where nobody answered."""
    address = urlsplit(settings.RELAY_BASE_URL)
    where = address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="").geturl()
    error.stops_run = True
    error.message = _("%(words)s RELAY_BASE_URL is %(address)s.") % {"words": error.message, "address": where}


def pause_for(run_id: int, paused_by: str, reason: str, held_for: Decimal | None = None) -> None:
    """Pause a running run and keep what is left of it waiting; see TriageRun.held_for."""
    TriageRun.objects.filter(pk=run_id, state=_State.RUNNING).update(
        state=_State.PAUSED, paused_by=paused_by, pause_reason=reason, held_for=held_for, waiting_until=None
    )


def fail_items(run_id: int, item_ids: Collection[int], code: str, words: str) -> None:
    items = TriageItem.objects.filter(pk__in=item_ids, state=TriageItem.State.PENDING)
    failed = items.update(state=TriageItem.State.FAILED, error_code=code[:30], reason=words)
    TriageRun.objects.filter(pk=run_id).update(failed=F("failed") + failed)


def settle_down(run_id: int, now: datetime) -> None:
    """After each commit, in a transaction of its own so that it sees what others committed meanwhile: a run without
    open chunks is done, and chunks that come back to a run stopped by an error fail like the rest."""
    run = TriageRun.objects.filter(pk=run_id).annotate(unfinished=Exists(chunks.unfinished())).first()
    if run is None:
        return
    if run.state == _State.RUNNING and not run.unfinished:
        with writing():
            chunks.close_finished(now, run_id)
    elif run.state == _State.PAUSED and run.paused_by == _PausedBy.ERROR and run.unfinished:
        with writing():
            _fail_waiting(run_id, "relay_error", run.pause_reason)


def _fail_waiting(run_id: int, code: str, words: str) -> None:
    waiting = TriageChunk.objects.filter(run=run_id, state=TriageChunk.State.PENDING)
    items = TriageItem.objects.filter(run=run_id, chunk__in=waiting, state=TriageItem.State.PENDING)
    failed = items.update(state=TriageItem.State.FAILED, error_code=code[:30], reason=words)
    waiting.update(state=TriageChunk.State.DONE)
    if failed:
        TriageRun.objects.filter(pk=run_id).update(failed=F("failed") + failed)
