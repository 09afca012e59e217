"""All that a run changed taken back, except where somebody has changed it since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils.translation import gettext as _

from assistant.models import TriageItem, TriageRun
from assistant.triage.states import close_chunks, move
from assistant.triage.writing import writing
from tickets.models import Classification
from tickets.undoing import TakenBack, end_review, undo_labels

BATCH = 500

_State = TriageRun.State


@dataclass(frozen=True)
class Undone:
    """Tickets that are as they were before the run, and those on which something was left since somebody, or a later
    run, has changed it."""

    restored: int
    left: int


def undo(run: TriageRun, user: User | None, now: datetime) -> Undone:
    """Take back what the run changed, in batches of short transactions. An undo that was cut off goes on where it
    stopped when it is asked for again, and counts what had been done before.

    Raises:
        RunError: the run is not done, cancelled or paused, or undone already.
    """
    with writing():
        run.refresh_from_db(fields=["state"])
        if not (run.state == _State.UNDONE and left_to_undo(run)):
            move(run, [_State.DONE, _State.CANCELLED, _State.PAUSED], _State.UNDONE, waiting_until=None)
            close_chunks(run)
    while _undo_batch(run, user, now):
        pass
    run.refresh_from_db()
    return Undone(run.restored, run.kept)


def left_to_undo(run: TriageRun) -> bool:
    return run.items.exclude(state=TriageItem.State.UNDONE).exists()


def _undo_batch(run: TriageRun, user: User | None, now: datetime) -> bool:
    """Some more tickets, in one transaction; False when none are left."""
    with writing():
        rest = TriageItem.objects.filter(run=run).exclude(state=TriageItem.State.UNDONE).order_by("pk")
        items = list(rest.select_for_update(of=("self",)).select_related("classification")[:BATCH])
        labelled, asked = _labels_back(run, items, user, now), _reviews_back(run, items, now)
        kept = labelled.kept | asked.kept
        undone = TriageItem.objects.filter(pk__in=[item.pk for item in items])
        undone.update(state=TriageItem.State.UNDONE)
        if kept:
            reason = _("Left as it is in part or whole: it has been changed since.")
            undone.filter(ticket__in=kept).update(error_code="changed_since", reason=reason)
        TriageRun.objects.filter(pk=run.pk).update(
            restored=F("restored") + len(labelled.restored | asked.restored), kept=F("kept") + len(kept)
        )
    return len(items) == BATCH


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
