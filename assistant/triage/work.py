"""The work on one chunk: load, ask, keep. Called by the embedded engine and by Celery alike."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant import gateway, pricing
from assistant.models import RelayCall, RelayPrice, TriageChunk, TriageRun
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.triage import chunks, outcomes, stopping
from assistant.triage.chunks import Lease
from assistant.triage.injections import without_dictation
from assistant.triage.parse import Parsed, parse
from assistant.triage.prompt import answer_schema, answer_tokens
from assistant.triage.question import Question, load
from assistant.triage.writing import writing
from tickets.models import Category, Team
from tickets.tracing import working_on
from tickets.unreached import forget_connections, is_unreached

logger = logging.getLogger(__name__)

DATABASE_PAUSE = timedelta(seconds=5)  # before a chunk is tried again under which the database failed
KEEP_PAUSES = (1.0, 2.0, 4.0, 8.0, 8.0)  # seconds between tries to store an answer
SHOWN_WAIT = 1.0  # seconds; shorter waits for the rate limit are not worth a line


@dataclass(frozen=True)
class Worker:
    """What the work on chunks shares in a process: how to end it, and its clock."""

    cancel: Cancel = field(default_factory=Cancel)
    stop: threading.Event = field(default_factory=threading.Event)
    now: Callable[[], datetime] = timezone.now


def process_chunk(lease: Lease, worker: Worker) -> None:
    """Take a leased chunk to its outcome. A defect of ours costs the chunk an attempt, never the worker."""
    with working_on(run=lease.run_id):
        _work_on(lease, worker)


def _work_on(lease: Lease, worker: Worker) -> None:
    question = None
    try:
        question = load(lease)
        if question is not None:
            _process(question, worker)
    except Exception as error:
        if is_unreached(error):
            logger.exception("the database failed under chunk %s of run %s", lease.chunk_id, lease.run_id)
            forget_connections()
            chunks.give_back(lease, worker.now() + DATABASE_PAUSE)  # no attempt: nothing was wrong with the chunk
            return
        logger.exception("chunk %s of run %s failed", lease.chunk_id, lease.run_id)
        if question is None:
            raise
        cause = error.__cause__ if isinstance(error, Unkept) else error
        words = _("Collie failed on this chunk: %(error)s") % {"error": f"{type(cause).__name__}: {cause}"}
        outcomes.fail(question, RelayError("internal_error", words, retryable=True), Decimal(0), worker.now())


def _process(question: Question, worker: Worker) -> None:
    now = worker.now()
    if not question.items:
        outcomes.drop_empty(question, now)
    elif not question.categories:
        words = _("There is no active category to choose from: activate one, then retry the run.")
        outcomes.fail(question, RelayError("bad_request", words, stops_run=True), Decimal(0), now)
    elif question.too_long:
        outcomes.halve(question, now)
    elif question.orders:
        outcomes.isolate(question, now)
    else:
        _ask(question, worker)


def _ask(question: Question, worker: Worker) -> None:
    route = gateway.route_request(
        use_case="batch", user_waiting=False, messages=question.messages, model=question.run.model,
        max_tokens=answer_tokens(len(question.items)),
    )  # fmt: skip
    reserved = _reserve(question, route, worker.now())
    if reserved is None:
        return
    slugs = [category.slug for category in question.categories]
    try:
        answer = gateway.complete(
            route, kind=RelayCall.Kind.TRIAGE, user=question.run.created_by, run=question.run,
            schema=answer_schema(slugs), cancel=worker.cancel, stop=worker.stop,
            on_wait=lambda seconds, why: _show_wait(question.run, seconds, why, worker.now()),
            may_repeat=lambda: _may_repeat(question.run, reserved),
            clock=lambda: worker.now().timestamp(),
        )  # fmt: skip
    except gateway.AIUnavailable as error:
        _unavailable(question, error, reserved, worker.now())
    except RelayError as error:
        if worker.stop.is_set() or worker.cancel.cancelled:
            error.code = "cancelled"  # whatever it broke with, we ended it
        outcomes.fail(question, error, reserved, worker.now())
    else:
        read = parse(question.masking.unmask(answer.result.text), list(question.items), slugs)
        _keep_in_the_end(question, answer, read, reserved, worker)


def _keep_in_the_end(
    question: Question, answer: gateway.Answer, read: Parsed, reserved: Decimal, worker: Worker
) -> None:
    """The answer is paid for, so a database that is gone or full is waited for, as long as the chunk is ours."""
    keep = _keep
    for pause in KEEP_PAUSES:
        try:
            return keep(question, answer, read, reserved, worker.now())
        except Exception as error:
            if not is_unreached(error):
                raise
            logger.warning("an answer could not be stored; trying again", exc_info=True)
        keep = _keep_again
        forget_connections()
        if worker.stop.wait(pause):
            break
    try:
        return _keep_again(question, answer, read, reserved, worker.now())
    except Exception as error:
        if not is_unreached(error):
            raise
        forget_connections()
        raise Unkept from error


class Unkept(Exception):
    """An answer that was paid for could not be stored. Where only that fails, asking anew would cost without end,
    so it takes one of the chunk's attempts."""


def _keep_again(question: Question, answer: gateway.Answer, read: Parsed, reserved: Decimal, now: datetime) -> None:
    """After a try that failed: where its call is settled, all was kept and only the word of it lost."""
    if RelayCall.objects.filter(pk=answer.call.pk, state=RelayCall.State.SETTLED).exists():
        stopping.settle_down(question.run.pk, now)
    else:
        _keep(question, answer, read, reserved, now)


def _keep(question: Question, answer: gateway.Answer, read: Parsed, reserved: Decimal, now: datetime) -> None:
    active, routes = _offered_now()
    parsed = without_dictation(_still_offered(read, active), question.texts)
    if not outcomes.commit(question, answer, parsed, reserved, now, routes):
        logger.warning("late answer for chunk %s of run %s dropped", question.lease.chunk_id, question.run.pk)
    elif parsed.missing:
        stopping.settle_down(question.run.pk, now)


def _reserve(question: Question, route: gateway.Route, now: datetime) -> Decimal | None:
    """Set the worst case of a call aside from the run's own limit, in USD; None when there is no room for it.

    While other calls are out their reservations may still come back, so the chunk only waits. Where none is out, what
    is set aside is counted anew, and the run pauses only if that does not help.
    """
    run = question.run
    if run.max_cost is None:
        return Decimal(0)
    price = RelayPrice.current(route.model, now)
    worst = pricing.worst_case(gateway.prompt_bytes(route), route.max_tokens, price)
    with writing():
        if worst is not None and _set_aside(run.pk, worst):
            return worst
        alone = _is_alone(question.lease, now)
        if worst is not None and alone and _recount(run.pk) and _set_aside(run.pk, worst):
            return worst
        if worst is None or alone:
            stopping.pause_for(run.pk, TriageRun.PausedBy.BUDGET, _limit_sentence(run, worst))
        chunks.give_back(question.lease, now + timedelta(seconds=1))
    return None


def _may_repeat(run: TriageRun, worst: Decimal) -> bool:
    """Before a request goes out again after one that may have been billed: that one stays set aside, so there must be
    room for both."""
    if run.max_cost is None:
        return True
    with writing():
        return _set_aside(run.pk, worst)


def _set_aside(run_id: int, worst: Decimal) -> bool:
    room = Q(max_cost__isnull=True) | Q(max_cost__gte=F("cost") + F("reserved") + worst)
    return bool(TriageRun.objects.filter(room, pk=run_id).update(reserved=F("reserved") + worst))


def _is_alone(lease: Lease, now: datetime) -> bool:
    """Whether no other request of the run is out. Its row stays locked, so that none is claimed meanwhile."""
    TriageRun.objects.select_for_update().filter(pk=lease.run_id).values_list("pk").first()
    leased = TriageChunk.objects.filter(run=lease.run_id, state=TriageChunk.State.LEASED, lease_until__gte=now)
    return not leased.exclude(pk=lease.chunk_id).exists()


def _recount(run_id: int) -> int:
    """Give back what workers that died had set aside, save for calls in the ledger that may have been billed."""
    unsettled = RelayCall.objects.filter(run=run_id).exclude(state=RelayCall.State.SETTLED)
    kept = unsettled.aggregate(sum=Sum("reserved_cost"))["sum"] or Decimal(0)
    return TriageRun.objects.filter(pk=run_id).update(reserved=kept)


def _limit_sentence(run: TriageRun, worst: Decimal | None) -> str:
    limit = f"{run.max_cost.normalize():f}" if run.max_cost is not None else ""
    if worst is None:
        text = _("The price of %(model)s is not known, so the limit of %(limit)s USD cannot be kept: add a price.")
        return text % {"model": run.model, "limit": limit}
    text = _("The next request could cost up to %(worst)s USD and pass the run's limit of %(limit)s USD. Raise it.")
    return text % {"worst": f"{worst:.6f}", "limit": limit}


def _show_wait(run: TriageRun, seconds: float, why: str, now: datetime) -> None:
    """Let the run's page say that it waits for the rate limit, in few writes: each wait is reported in slices."""
    until = now + timedelta(seconds=seconds)
    shown = run.waiting_until
    if why != "rate_limit" or seconds < SHOWN_WAIT or (shown and until < shown + timedelta(seconds=SHOWN_WAIT)):
        return
    run.waiting_until = until
    with writing():
        TriageRun.objects.filter(pk=run.pk).update(waiting_until=until)


def _unavailable(question: Question, error: gateway.AIUnavailable, reserved: Decimal, now: datetime) -> None:
    """Refused before the call left: a budget and the AI switch keep the rest waiting, a missing key fails it."""
    if error.code == "invalid_key":
        outcomes.fail(question, RelayError(error.code, error.message, stops_run=True), reserved, now)
        return
    paused_by = TriageRun.PausedBy.BUDGET if error.code == "budget_reached" else TriageRun.PausedBy.SWITCH
    with writing():
        stopping.pause_for(question.run.pk, paused_by, error.message, error.needed)
        chunks.give_back(question.lease, now)
        TriageRun.objects.filter(pk=question.run.pk).update(reserved=F("reserved") - reserved)


def _offered_now() -> tuple[set[str], dict[int, Team]]:
    """The slugs of the active categories, and the team each is routed to by its id, in one query."""
    rows = Category.objects.filter(active=True).order_by("-teams__name").values_list(
        "pk", "slug", "teams__pk", "teams__name"
    )  # fmt: skip
    found = list(rows)
    teams = {pk: Team(pk=team_id, name=name) for pk, _slug, team_id, name in found if team_id is not None}
    return {slug for _pk, slug, _team_id, _name in found}, teams


def _still_offered(parsed: Parsed, active: Collection[str]) -> Parsed:
    """Without results in a category that was switched off while the relay thought: those are asked again."""
    gone = {key: result.category for key, result in parsed.results.items() if result.category not in active}
    if not gone:
        return parsed
    reasons = {key: _("The category %(slug)s is no longer active.") % {"slug": slug} for key, slug in gone.items()}
    kept = {key: result for key, result in parsed.results.items() if key not in gone}
    return replace(parsed, results=kept, missing=parsed.missing | reasons)
