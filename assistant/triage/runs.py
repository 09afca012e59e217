"""Verbs on triage runs. Each is a conditional UPDATE on the run's state, so that of two people, or of a person and a
worker, only one wins."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.models import PromptVersion, RelayModel, TriageItem, TriageRun
from assistant.triage import chunks, news, sample
from assistant.triage.progress import Progress, category_counts, progress
from assistant.triage.sample import take_sample
from assistant.triage.states import UNPAUSED, RunError, check_limit, check_ready, close_chunks, move
from assistant.triage.undo import Undone, begin_undo, undo
from assistant.triage.writing import writing
from tickets.models import Ticket

__all__ = [
    "Progress",
    "RunError",
    "Undone",
    "begin_undo",
    "cancel",
    "category_counts",
    "create_run",
    "limit_cost",
    "pause",
    "progress",
    "resume",
    "retry_failed",
    "start",
    "take_sample",
    "undo",
]

State = TriageRun.State


def create_run(
    tickets: QuerySet[Ticket],
    *,
    user: User | None,
    model: str = "",
    batch_size: int | None = None,
    concurrency: int | None = None,
    rpm: int | None = None,
    max_cost: Decimal | None = None,
    chosen: str = "",
    prompt_version: str = "",
    trial: bool = False,
) -> TriageRun:
    """A draft of a run over `tickets`, whose items are inserted by the database itself. `max_cost` is in USD.

    `prompt_version` is the active one unless given. The answers of a `trial` are kept apart and change no ticket.

    Raises:
        RunError: there are no tickets among those chosen, or a limit is set and the model's price is unknown.
    """
    with writing():
        run = TriageRun.objects.create(
            model=RelayModel.resolve(model or settings.TRIAGE_MODEL),
            prompt_version=prompt_version or PromptVersion.active_number(), trial=trial,
            batch_size=batch_size or settings.TRIAGE_BATCH_SIZE,
            concurrency=concurrency or settings.TRIAGE_CONCURRENCY,
            rpm=rpm, max_cost=max_cost, created_by=user, chosen=chosen[:200],
        )  # fmt: skip
        check_limit(run)
        run.total = _insert_items(run, tickets)
        if not run.total:
            raise RunError(_("There are no tickets to classify among those chosen."))
        run.save(update_fields=["total"])
    return run


def _insert_items(run: TriageRun, tickets: QuerySet[Ticket]) -> int:
    try:
        chosen, params = tickets.order_by("pk").values(chosen_id=F("pk")).query.sql_with_params()
    except EmptyResultSet:
        return 0
    table, state = TriageItem._meta.db_table, TriageItem.State.PENDING
    columns = "run_id, ticket_id, state, error_code, reason"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT %s, chosen_id, %s, '', '' FROM ({chosen}) chosen",  # noqa: S608
            [run.pk, state.value, *params],
        )
        return cursor.rowcount


def start(run: TriageRun, *, now: datetime, apply_sample: bool = False) -> None:
    """Make the chunks and let workers at them. A sample's answers are applied without asking again, or else its
    tickets are asked about anew with all the others.

    Raises:
        RunError: the run has been started, or no request could leave.
    """
    check_ready(run)
    with writing():
        was_sampled = TriageRun.objects.filter(pk=run.pk, sample_size__isnull=False).exists()
        fresh = {"sample_size": None, "started": None, "finished": None, "waiting_until": None}
        move(run, [State.DRAFT, State.SAMPLED], State.RUNNING, **fresh)
        if apply_sample:
            sample.apply_answers(run, now)
        elif was_sampled:
            sample.put_back(run, run.items.exclude(state=TriageItem.State.PENDING))
        loose = run.items.filter(chunk=None, state=TriageItem.State.PENDING).order_by("pk")
        chunks.fill(run, list(loose.values_list("pk", flat=True)), now)
        chunks.close_finished(now, run.pk)
    run.refresh_from_db()


def pause(run: TriageRun, *, by: str = TriageRun.PausedBy.PERSON, reason: str = "") -> None:
    """No further request leaves; those under way are answered and kept."""
    with writing():
        move(run, [State.RUNNING], State.PAUSED, paused_by=by, pause_reason=reason, waiting_until=None)


def limit_cost(run: TriageRun, max_cost: Decimal) -> None:
    """Put a cost limit in USD on the run, in any state: the next request already heeds it.

    Raises:
        RunError: the price of the run's model is not known.
    """
    run.max_cost = max_cost
    check_limit(run)
    run.save(update_fields=["max_cost"])


def resume(run: TriageRun, *, max_cost: Decimal | None = None, now: datetime | None = None) -> None:
    """Go on with a paused run, where given under a new cost limit in USD. What an error left is tried again."""
    run.max_cost = run.max_cost if max_cost is None else max_cost
    check_ready(run)
    with writing():
        by_error = TriageRun.objects.filter(pk=run.pk, paused_by=TriageRun.PausedBy.ERROR).exists()
        move(run, [State.PAUSED], State.RUNNING, max_cost=run.max_cost, **UNPAUSED)
        if by_error:
            _requeue_failed(run, now or timezone.now())
        chunks.close_finished(now or timezone.now(), run.pk)
    run.refresh_from_db()


def cancel(run: TriageRun) -> None:
    """End it for good. What is classified stays; answers under way are paid for and dropped."""
    with writing():
        move(run, [State.DRAFT, State.SAMPLED, State.RUNNING, State.PAUSED], State.CANCELLED, waiting_until=None)
        close_chunks(run)
        news.tell_if_over(run.pk)


def retry_failed(run: TriageRun, *, now: datetime | None = None) -> None:
    """Ask again for every ticket that failed.

    Raises:
        RunError: nothing has failed, or the run is cancelled or undone.
    """
    check_ready(run)
    with writing():
        if not run.items.filter(state=TriageItem.State.FAILED).exists():
            raise RunError(_("No ticket of this run has failed."))
        move(run, [State.RUNNING, State.PAUSED, State.DONE], State.RUNNING, **UNPAUSED)
        _requeue_failed(run, now or timezone.now())
    run.refresh_from_db()


def _requeue_failed(run: TriageRun, now: datetime) -> None:
    failed = TriageItem.objects.filter(run=run, state=TriageItem.State.FAILED)
    ids = list(failed.order_by("pk").values_list("pk", flat=True))
    failed.update(state=TriageItem.State.PENDING, chunk=None, error_code="", reason="")
    TriageRun.objects.filter(pk=run.pk).update(failed=F("failed") - len(ids))
    chunks.fill(run, ids, now)
