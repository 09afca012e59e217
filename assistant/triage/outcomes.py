"""What becomes of a chunk: one short transaction for everything that an answer or a failure changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _

from assistant.gateway import Answer, may_have_cost
from assistant.models import TriageChunk, TriageItem, TriageRun
from assistant.relay.errors import RelayError
from assistant.relay.tokens import estimate_tokens
from assistant.relay.types import Usage
from assistant.triage import chunks, news, sample, stopping, trial
from assistant.triage.chunks import MAX_ATTEMPTS
from assistant.triage.injections import doubt_about
from assistant.triage.parse import Parsed
from assistant.triage.question import Question
from assistant.triage.writing import writing
from tickets.labels import Origin, Proposal, TicketsChanged, apply_proposals, ask_for_review
from tickets.models import Team

FAILURES_THAT_STOP = 3
UNHINTED_PAUSE = 15.0  # seconds, after a 429 that did not say
# A smaller request may pass: the provider objects to something in it.
_OBJECTIONS = frozenset({"blocked", "bad_request"})
_CUT_SHORT = frozenset({"length", "content_filter"})

_State = TriageItem.State
_Stage = TriageChunk.Stage
_Routes = Mapping[int, Team]


@dataclass(frozen=True)
class Spent:
    """What a call adds to its run's books. `released` is the reservation that it ends, in USD."""

    requests: int = 0
    asked: int = 0
    prompt_estimate: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal | None = Decimal(0)
    released: Decimal = Decimal(0)


def commit(
    question: Question, answer: Answer, parsed: Parsed, reserved: Decimal, now: datetime, routes: _Routes
) -> bool:
    """Keep an answer: labels, items, books and what is asked next. False when the lease was lost meanwhile; the call
    is paid for all the same, so only the books are kept."""
    try:
        return _keep(question, answer, parsed, reserved, now, routes)
    except (TicketsChanged, IntegrityError):
        # Somebody was at one of the tickets while the relay thought: once more, and read under lock.
        return _keep(replace(question, tickets=None), answer, parsed, reserved, now, None)


def _keep(
    question: Question, answer: Answer, parsed: Parsed, reserved: Decimal, now: datetime, routes: _Routes | None
) -> bool:
    finish = answer.result.finish_reason
    together = question.stage == _Stage.FIRST and not parsed.singly and finish not in _CUT_SHORT
    with writing():
        spent = _settled(question, answer, reserved)
        again = together and bool(parsed.missing)
        if not (chunks.ask_again(question.lease, now) if again else chunks.finish(question.lease)):
            _add(question, spent, now)
            return False
        labelled = _apply(question, parsed, now, routes)
        given_up = 0 if again else _ask_further(question, finish, parsed, now)
        _add(question, spent, now, classified=labelled, needs_human=given_up, answered=True)
    return True


def _settled(question: Question, answer: Answer, reserved: Decimal) -> Spent:
    cost = answer.settle()
    text = answer.result.text
    usage = answer.result.usage or Usage(estimate_tokens(answer.prompt), estimate_tokens(text), estimated=True)
    return Spent(
        answer.attempts, len(question.items), question.prompt_estimate, usage.prompt_tokens, usage.cached_tokens,
        usage.completion_tokens, cost, reserved,
    )  # fmt: skip


def _apply(question: Question, parsed: Parsed, now: datetime, routes: _Routes | None) -> int:
    """Labels on tickets, results on items; returns how many items were still there to be classified."""
    if question.run.trial:
        return trial.keep(question, parsed)
    categories = {category.slug: category for category in question.categories}
    proposals = [
        Proposal(question.items[key].ticket_id, categories[r.category], r.priority, r.confidence, r.reason,
                 doubt_about(question.texts[key], r, question.categories))
        for key, r in parsed.results.items()
    ]  # fmt: skip
    if not proposals:
        return 0
    run = question.run
    if run.sample_size is not None:
        return sample.keep(run, proposals, now)
    stored = apply_proposals(
        proposals,
        origin=Origin(run.model, run.prompt_version, run.cause),
        min_confidence=settings.TRIAGE_MIN_CONFIDENCE,
        now=now,
        seen=question.tickets,
        routes=routes,
    )
    return sample.classified(run, stored)


def _ask_further(question: Question, finish: str, parsed: Parsed, now: datetime) -> int:
    """Ask again for what is missing: an answer cut short in halves, what was asked together once more one by one.
    What has been asked alone and again goes to people; returns how many."""
    missing = parsed.missing
    if not missing:
        return 0
    ids = [question.items[key].pk for key in missing]
    run_id, stage, alone = question.run.pk, question.stage, len(question.items) == 1
    if finish in _CUT_SHORT:
        if alone:
            return _needs_human(question, dict.fromkeys(missing, _cut_short_sentence(finish)), now)
        chunks.divide(run_id, chunks.halves(ids), stage, now)
    elif stage == _Stage.SINGLE or (stage == _Stage.AGAIN and alone):
        return _needs_human(question, missing, now)
    else:
        chunks.divide(run_id, [[item_id] for item_id in ids], _Stage.SINGLE, now)
    return 0


def _cut_short_sentence(finish: str) -> str:
    if finish == "content_filter":
        return _("The provider's content filter blocked the answer for this ticket.")
    return _("The answer for this ticket was cut off at its length limit.")


def _needs_human(question: Question, reasons: Mapping[str, str], now: datetime, code: str = "") -> int:
    items = [question.items[key] for key in reasons]
    if not question.run.trial and question.run.sample_size is None:
        said_of = {question.items[key].ticket_id: reason for key, reason in reasons.items()}
        ask_for_review(said_of, cause=question.run.cause, now=now)
    said = Case(*[When(pk=question.items[key].pk, then=Value(reason)) for key, reason in reasons.items()])
    pending = TriageItem.objects.filter(pk__in=[item.pk for item in items], state=_State.PENDING)
    return pending.update(state=_State.NEEDS_HUMAN, error_code=code, reason=said)


def fail(question: Question, error: RelayError, reserved: Decimal, now: datetime) -> None:
    """Keep a failure: a wait or our own stop costs nothing, an objection divides the chunk, other failures are tried
    again a few times, and what no retry mends stops the run. Items that end as failed carry the provider's words."""
    lease = question.lease
    with writing():
        # Where nobody knows what it cost the reservation stays, as it does in the ledger.
        released = Decimal(0) if may_have_cost(error, error.attempts) else reserved
        _add(question, Spent(requests=error.attempts, released=released), now)
        if error.code == "cancelled":
            chunks.give_back(lease, now)
        elif error.code == "rate_limited" and not error.stops_run:
            _wait(question, error, now)
        elif lease.row().exists():
            _fail_chunk(question, error, now)
    stopping.settle_down(lease.run_id, now)


def _wait(question: Question, error: RelayError, now: datetime) -> None:
    seconds = UNHINTED_PAUSE if error.retry_after is None else error.retry_after
    next_at = now + timedelta(seconds=seconds)
    chunks.give_back(question.lease, next_at)
    TriageRun.objects.filter(pk=question.run.pk).update(waiting_until=next_at)


def _fail_chunk(question: Question, error: RelayError, now: datetime) -> None:
    run_id, attempts = question.run.pk, question.attempts + 1
    ids = [item.pk for item in question.items.values()]
    if not error.request_sent:
        stopping.name_address(error)
    refused = error.status is not None and 400 <= error.status < 500 and not error.retryable
    if error.stops_run:
        _give_up(question, error)
        stopping.stop(run_id, error.code, error.message, now)
        return
    if error.code in _OBJECTIONS and len(ids) > 1:
        chunks.finish(question.lease)
        chunks.divide(run_id, chunks.halves(ids), question.stage, now)
    elif error.code == "blocked":
        chunks.finish(question.lease)
        count = _needs_human(question, dict.fromkeys(question.items, error.message), now, error.code)
        _add(question, Spent(), now, needs_human=count)
    elif refused or attempts >= MAX_ATTEMPTS:
        _give_up(question, error)
    else:
        chunks.try_later(question.lease, attempts, now)
    if error.code != "blocked":
        stopping.count_failure(run_id, error, FAILURES_THAT_STOP, now)


def _give_up(question: Question, error: RelayError) -> None:
    chunks.finish(question.lease)
    ids = [item.pk for item in question.items.values()]
    stopping.fail_items(question.run.pk, ids, error.code, error.message)


def drop_empty(question: Question, now: datetime) -> None:
    """Every ticket of the chunk has been deleted."""
    with writing():
        chunks.finish(question.lease)
    stopping.settle_down(question.run.pk, now)


def halve(question: Question, now: datetime) -> None:
    """The chunk is too long for one request: make two of it."""
    with writing():
        if chunks.finish(question.lease):
            ids = [item.pk for item in question.items.values()]
            chunks.divide(question.run.pk, chunks.halves(ids), question.stage, now)


def isolate(question: Question, now: datetime) -> None:
    """Some of the chunk's tickets speak to the model: each is asked about alone, the others go on together."""
    with writing():
        if chunks.finish(question.lease):
            alone = [[question.items[key].pk] for key in question.orders]
            others = [item.pk for key, item in question.items.items() if key not in question.orders]
            chunks.divide(question.run.pk, [*alone, others] if others else alone, question.stage, now)


def _add(
    question: Question,
    spent: Spent,
    now: datetime,
    *,
    classified: int = 0,
    needs_human: int = 0,
    answered: bool = False,
) -> None:
    """Enter it all in the run's row, in one UPDATE, which also ends a run whose last chunk was `answered`."""
    values: dict[str, object] = {}
    if answered:
        values = {
            "failures_in_row": 0,
            **chunks.ending(classified + needs_human),
        }
    values |= {
        "classified": F("classified") + classified,
        "needs_human": F("needs_human") + needs_human,
        "requests": F("requests") + spent.requests,
        "retries": F("retries") + max(spent.requests - 1, 0),
        "asked": F("asked") + spent.asked,
        "prompt_estimate": F("prompt_estimate") + spent.prompt_estimate,
        "prompt_tokens": F("prompt_tokens") + spent.prompt_tokens,
        "cached_tokens": F("cached_tokens") + spent.cached_tokens,
        "completion_tokens": F("completion_tokens") + spent.completion_tokens,
        "cost": F("cost") + (spent.cost or Decimal(0)),
        "unpriced_calls": F("unpriced_calls") + int(spent.cost is None),
        "reserved": F("reserved") - spent.released,
        "finished": now,
    }
    TriageRun.objects.filter(pk=question.run.pk).update(**values)
    if answered:
        news.tell_if_over(question.run.pk)
