"""All that a run changed taken back, except where somebody has changed it since.

It is asked for in a moment and done in short transactions, by the worker's periodic job or by whoever waits for it.
How far it is stands in the run's row, so it goes on after a crash, and two at work on the same run take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from assistant.models import TriageItem, TriageRun
from assistant.triage.states import close_chunks, move
from assistant.triage.writing import writing
from tickets.models import Classification
from tickets.undoing import TakenBack, end_review, undo_labels

BATCH = 500
AT_A_TIME = 2.0  # seconds of work in one turn of the periodic job, so that the other jobs have theirs

_State = TriageRun.State


@dataclass(frozen=True)
class Undone:
    """Tickets that are as they were before the run, and those on which something was left since somebody, or a later
    run, has changed it."""

    restored: int
    left: int


def begin_undo(run: TriageRun, user: User | None) -> None:
    """Ask for the run to be undone by `user`: no further answer of it counts, a worker takes back what it changed.

    Raises:
        RunError: the run is not done, cancelled or paused, or undone already.
    """
    with writing():
        there = run.items.exclude(state=TriageItem.State.UNDONE).count()
        over = [_State.DONE, _State.CANCELLED, _State.PAUSED]
        move(run, over, _State.UNDONE, waiting_until=None, undo_left=there, undo_by=user)
        close_chunks(run)


def undo(run: TriageRun, user: User | None, now: datetime) -> Undone:
    """Take back what the run changed while the caller waits. One that is under way already is brought to its end.

    Raises:
        RunError: as begin_undo.
    """
    run.refresh_from_db()
    if run.undo_left is None:
        begin_undo(run, user)
    while _undo_batch(run.pk, now):
        pass
    run.refresh_from_db()
    return Undone(run.restored, run.kept)


def undo_some(now: datetime, clock: Callable[[], float] = time.monotonic) -> bool:
    """Periodic job: go on with the undos that have been asked for, for about 2 s; True while something is left.

    `clock` counts seconds.
    """
    end = clock() + AT_A_TIME
    asked = TriageRun.objects.exclude(undo_left=None).order_by("pk").values_list("pk", flat=True)
    while clock() < end:
        run_id = asked.first()
        if run_id is None:
            return False
        _undo_batch(run_id, now)
    return asked.exists()


def _undo_batch(run_id: int, now: datetime) -> bool:
    """Some more tickets, in one transaction; False when none are left."""
    with writing():
        run = TriageRun.objects.select_for_update(of=("self",)).select_related("undo_by").get(pk=run_id)
        if run.undo_left is None:
            return False
        rest = TriageItem.objects.filter(run=run).exclude(state=TriageItem.State.UNDONE).order_by("pk")
        items = list(rest.select_for_update(of=("self",)).select_related("classification")[:BATCH])
        labelled, asked = _labels_back(run, items, run.undo_by, now), _reviews_back(run, items, now)
        kept = labelled.kept | asked.kept
        undone = TriageItem.objects.filter(pk__in=[item.pk for item in items])
        undone.update(state=TriageItem.State.UNDONE)
        if kept:
            reason = _("Left as it is in part or whole: it has been changed since.")
            undone.filter(ticket__in=kept).update(error_code="changed_since", reason=reason)
        more = len(items) == BATCH
        TriageRun.objects.filter(pk=run.pk).update(
            restored=F("restored") + len(labelled.restored | asked.restored),
            kept=F("kept") + len(kept),
            undo_left=Greatest(F("undo_left") - len(items), Value(0)) if more else None,
        )
    return more


def _labels_back(run: TriageRun, items: list[TriageItem], user: User | None, now: datetime) -> TakenBack:
    labels = [item.classification for item in items if item.classification]
    tickets = Classification.objects.filter(pk__in=[label.pk for label in labels]).values("ticket")
    before = Q(state=TriageItem.State.UNDONE, ticket__in=tickets, classification__isnull=False)
    taken_back = TriageItem.objects.filter(before).values_list("classification", flat=True)
    cause = _("undo of %(run)s") % {"run": run.cause}
    return undo_labels(labels, taken_back=set(taken_back), cause=cause, actor=user, now=now)


def _reviews_back(run: TriageRun, items: list[TriageItem], now: datetime) -> TakenBack:
    asked = [item.ticket_id for item in items if item.state == TriageItem.State.NEEDS_HUMAN]
    return end_review(asked, asked_by=run.cause, now=now) if asked else TakenBack()
