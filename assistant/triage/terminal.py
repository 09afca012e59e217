"""A run in the terminal: the estimate before, a progress bar while it runs, tables at its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from assistant.costs import money
from assistant.models import RelayModel, RelayPrice, TriageRun
from assistant.pricing import cost_of
from assistant.relay.types import Usage
from assistant.triage.estimate import Estimate
from assistant.triage.progress import category_counts, priority_counts, progress
from tickets.models.choices import Priority
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)

REFRESH = 0.25  # seconds


def usd(amount: Decimal | str | None) -> str:
    """Money for people; an unknown price is never shown as 0."""
    return _("price unknown") if amount is None else money.usd(Decimal(amount))


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"


def show_estimate(console: Console, run: TriageRun, own: Estimate, others: list[tuple[RelayModel, Estimate]]) -> None:
    console.print(_("Estimate for %(chosen)s") % {"chosen": run.chosen}, soft_wrap=True)
    table = _table()
    rows = [
        (_("model"), run.model),
        (_("tickets"), f"{own.tickets:,}"),
        (_("requests"), f"{own.requests:,}"),
        (_("prompt tokens"), f"{own.prompt_tokens:,}"),
        (_("completion tokens"), f"{own.completion_tokens:,}"),
        (_("cost"), usd(own.cost)),
        (_("time"), duration(own.seconds)),
    ]
    for row in rows:
        table.add_row(*row)
    for model, estimate in others:
        if model.name != run.model:
            table.add_row(_("cost on %(model)s") % {"model": model.name}, usd(estimate.cost), style="dim")
    console.print(table)
    if all(model.name != run.model for model, _estimate in others):
        text = _("No relay model in the admin is called %(model)s. Is that its name at the relay?")
        console.print(text % {"model": run.model}, soft_wrap=True)


class ProgressBar:
    """Follows a run in the database, whoever works on it."""

    def __init__(self, console: Console, run: TriageRun) -> None:
        self._run_id = run.pk
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[cost]}"),
            TextColumn("{task.fields[left]}"),
            console=console,
            auto_refresh=False,
        )

    def follow(self, over: Callable[[], bool], wake: threading.Event) -> None:
        """Draw until `over`; `wake` ends a pause between two looks."""
        with self._bar:
            description = _("Triage run %(run)s") % {"run": self._run_id}
            task = self._bar.add_task(description, total=None, cost="", left="")
            while not over():
                self._draw(task)
                wake.wait(REFRESH)
            self._draw(task)

    def _draw(self, task: TaskID) -> None:
        try:
            at = progress([self._run_id])[self._run_id]
        except (DatabaseError, InterfaceError):
            logger.warning("the run could not be read; trying again", exc_info=True)
            forget_connections()
            return
        left = "" if at.seconds_left is None else _("%(time)s left") % {"time": duration(at.seconds_left)}
        self._bar.update(
            task, total=at.total, completed=at.done, cost=usd(at.cost), left=at.waiting or left, refresh=True
        )


def show_result(console: Console, run: TriageRun) -> None:
    """By category and priority, what it took, and what the same would cost elsewhere."""
    console.print(_("Triage run %(run)s") % {"run": run.pk})
    table = _table()
    for _slug, name, count in category_counts(run):
        table.add_row(name, f"{count:,}")
    table.add_section()
    for priority, count in priority_counts(run):
        table.add_row(_("priority %(name)s") % {"name": str(Priority(priority).label).lower()}, f"{count:,}")
    table.add_section()
    review = run.items.filter(ticket__needs_review=True).count()
    outcomes = ((_("no label found"), run.needs_human), (_("failed"), run.failed), (_("waiting for review"), review))
    for label, count in outcomes:
        table.add_row(label, f"{count:,}")
    console.print(table)
    console.print(_bill(run))


def _bill(run: TriageRun) -> Table:
    table = _table()
    retries = _(" (%(count)s of them again)") % {"count": run.retries} if run.retries else ""
    table.add_row(_("requests"), f"{run.requests:,}{retries}")
    table.add_row(_("prompt tokens"), f"{run.prompt_tokens:,}")
    table.add_row(_("completion tokens"), f"{run.completion_tokens:,}")
    table.add_row(_("time"), duration(seconds_taken(run)))
    table.add_row(_("cost on %(model)s") % {"model": run.model}, usd(run.known_cost), style="bold")
    usage = Usage(run.prompt_tokens, run.completion_tokens)
    for name, price in sorted(RelayPrice.all_current(timezone.now()).items()):
        if name != run.model:
            table.add_row(_("the same on %(model)s") % {"model": name}, usd(cost_of(usage, price)), style="dim")
    return table


def _table() -> Table:
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    return table


def summary(run: TriageRun) -> dict[str, Any]:
    """The object that `triage --json` prints. `cost_usd` is text with every digit, None when a price is unknown."""
    cost = run.known_cost
    return {
        "run": run.pk,
        "tickets": run.total,
        "classified": run.classified,
        "needs_human": run.needs_human,
        "failed": run.failed,
        "requests": run.requests,
        "retries": run.retries,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.completion_tokens,
        "cost_usd": None if cost is None else f"{cost:f}",
        "seconds": round(seconds_taken(run), 3),
    }


def estimate_summary(run: TriageRun, estimate: Estimate) -> dict[str, Any]:
    """The object that `triage --dry-run --json` prints."""
    return {
        "dry_run": True,
        "model": run.model,
        "tickets": estimate.tickets,
        "requests": estimate.requests,
        "prompt_tokens": estimate.prompt_tokens,
        "completion_tokens": estimate.completion_tokens,
        "cost_usd": None if estimate.cost is None else f"{estimate.cost:f}",
        "seconds": round(estimate.seconds, 1),
    }


def seconds_taken(run: TriageRun) -> float:
    """From the first claim to the last commit."""
    return (run.finished - run.started).total_seconds() if run.started and run.finished else 0.0
