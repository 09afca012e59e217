"""From one state of a run to the next: conditional UPDATEs, so that of two people, or of a person and a worker, only
one wins."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant import ledger
from assistant.models import RelayPrice, TriageChunk, TriageRun
from tickets.models import Category

UNPAUSED = {"paused_by": "", "pause_reason": "", "held_for": None, "failures_in_row": 0, "waiting_until": None}


class RunError(Exception):
    """The run's state, or the installation's, does not allow it; `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def move(run: TriageRun, allowed: Collection[TriageRun.State], to: TriageRun.State, **values: object) -> None:
    """Put the run into another state, with further values.

    Raises:
        RunError: it is in none of the states `allowed`.
    """
    if not TriageRun.objects.filter(pk=run.pk, state__in=allowed).update(state=to, **values):
        run.refresh_from_db(fields=["state"])
        text = _("This run is %(state)s, so it cannot become %(to)s.")
        raise RunError(text % {"state": run.get_state_display().lower(), "to": to.label.lower()})
    run.refresh_from_db()


def check_ready(run: TriageRun) -> None:
    """Raise RunError where no request could leave: no AI, nothing to choose from, a limit without a known price."""
    try:
        ledger.check_available()
    except ledger.AIUnavailable as error:
        raise RunError(error.message) from error
    if not Category.objects.filter(active=True).exists():
        raise RunError(_("There is no active category to choose from: activate one first."))
    check_limit(run)


def check_limit(run: TriageRun) -> None:
    if run.max_cost is not None and RelayPrice.current(run.model, timezone.now()) is None:
        text = _(
            "The price of %(model)s is not known, so a cost limit cannot be kept: add a price or drop the limit."
        )
        raise RunError(text % {"model": run.model})


def close_chunks(run: TriageRun) -> None:
    """End all work on the run: answers under way find their fence gone."""
    unfinished = TriageChunk.objects.filter(run=run).exclude(state=TriageChunk.State.DONE)
    unfinished.update(state=TriageChunk.State.DONE, fence=F("fence") + 1, lease_until=None)
