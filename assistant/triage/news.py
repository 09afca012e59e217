"""Other programs hear that a run has ended, in the transaction that ends it."""

from __future__ import annotations

from typing import Any

from assistant.models import TriageRun
from tickets import signals
from tickets.webhooks.wishes import who_wants

_FINISHED = "run.finished"


def tell_if_over(run_id: int) -> None:
    """Tell of a run whose state this transaction has just set: done or cancelled, but no trial of a prompt. Costs no
    query where nobody wants to hear of it."""
    if not who_wants(_FINISHED):
        return
    ended = [TriageRun.State.DONE, TriageRun.State.CANCELLED]
    run = TriageRun.objects.filter(pk=run_id, state__in=ended, trial=False).first()
    if run is not None:
        signals.tell_happening(_FINISHED, lambda: _shape(run))


def _shape(run: TriageRun) -> dict[str, Any]:
    cost = run.known_cost
    return {
        "id": run.pk,
        "state": run.state,
        "model": run.model,
        "total": run.total,
        "classified": run.classified,
        "needs_human": run.needs_human,
        "failed": run.failed,
        "requests": run.requests,
        "cost_usd": None if cost is None else f"{cost:f}",
        "started_at": run.started,
        "finished_at": run.finished,
    }
