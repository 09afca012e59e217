"""What a run will take, before it starts: counted in the database, weighed by a sample, never by loading it all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import median

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce, Least, Length, RowNumber
from django.utils import timezone

from assistant.models import PromptVersion, RelayCall, RelayModel, RelayPrice, TriageItem, TriageRun
from assistant.pricing import cost_of
from assistant.relay.limits import Limit
from assistant.relay.tokens import estimate_tokens
from assistant.relay.types import Usage
from assistant.triage.injections import is_order
from assistant.triage.prompt import MAX_PROMPT_TOKENS, build_messages
from assistant.triage.texts import TicketText, texts_of
from tickets.models import Category, Message

SAMPLE = 1000
RECENT_CALLS = 50
USUAL_LATENCY = 6.0  # seconds, until there are calls to learn from
# Until there are runs to learn from, rather too much than too little: what is billed for a token that we estimate and
# for one result with its braces, names, labels and a short reason. The first answered request replaces both.
PROMPT_RATE = 1.1
RESULT_TOKENS = 70.0
MARK = "3f9a1c07be52d864"  # any, but the same each time, so that nothing changed means the same estimate
RECENT_RUNS = 20


@dataclass(frozen=True)
class Estimate:
    """`cost` is USD, None when the model's price is unknown; `seconds` from the first request to the last answer."""

    tickets: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    seconds: float


def estimate(run: TriageRun, model: str | None = None) -> Estimate:
    """What the run's pending tickets will take, with `model` in place of the run's own where given."""
    name = RelayModel.resolve(model or run.model)
    return _on(rates_by_model([name])[name], _unpriced(run), RelayPrice.current(name, timezone.now()))


def estimates_by_model(run: TriageRun) -> list[tuple[RelayModel, Estimate]]:
    """The same tickets on each enabled model, the cheapest first and those without a price last."""
    prices, base = RelayPrice.all_current(timezone.now()), _unpriced(run)
    models = list(RelayModel.objects.filter(enabled=True))
    rates = rates_by_model([model.name for model in models])
    pairs = [(model, _on(rates[model.name], base, prices.get(model.name))) for model in models]
    return sorted(pairs, key=lambda pair: (pair[1].cost is None, pair[1].cost or 0, pair[0].name))


@dataclass(frozen=True)
class Rates:
    """What a model's relay has billed for a token that we estimated, and for the answer about a ticket; `cached` is
    the share of prompt tokens that were billed as cached."""

    prompt: float = PROMPT_RATE
    result: float = RESULT_TOKENS
    cached: float = 0.0


def rates_by_model(names: Collection[str]) -> dict[str, Rates]:
    """What the answered requests of each model's latest runs teach, in one query; the usual where there are none."""
    newest = Window(RowNumber(), F("model"), F("pk").desc())
    answered = TriageRun.objects.filter(model__in=names, asked__gt=0, prompt_tokens__gt=0, prompt_estimate__gt=0)
    latest = answered.annotate(nth=newest).filter(nth__lte=RECENT_RUNS)
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_LEARNT_FROM))
    for name, *counts in latest.values_list("model", *_LEARNT_FROM):
        sums[name] = [sum(pair) for pair in zip(sums[name], counts, strict=True)]
    return {name: _rates(*sums[name]) if name in sums else Rates() for name in names}


_LEARNT_FROM = ("prompt_tokens", "cached_tokens", "prompt_estimate", "completion_tokens", "asked")


def _rates(prompt: int, cached: int, estimated: int, completion: int, asked: int) -> Rates:
    return Rates(prompt / estimated, completion / asked, cached / prompt)


def _on(rates: Rates, base: Estimate, price: RelayPrice | None) -> Estimate:
    prompt = round(base.prompt_tokens * rates.prompt)
    completion = round(base.tickets * rates.result)
    usage = Usage(prompt, completion, cached_tokens=round(prompt * rates.cached))
    return replace(base, prompt_tokens=prompt, completion_tokens=completion, cost=cost_of(usage, price))


def _unpriced(run: TriageRun) -> Estimate:
    """In tokens as we count them, without the answers."""
    pending = TriageItem.objects.filter(run=run, state=TriageItem.State.PENDING)
    tickets = pending.count()
    if not tickets:
        return Estimate(0, 0, 0, 0, None, 0.0)
    categories = tuple(Category.objects.filter(active=True))
    overhead = _tokens(build_messages({}, categories, PromptVersion.instructions_of(run.prompt_version), MARK))
    texts = _sample(pending, tickets)
    ticket_tokens = _ticket_tokens(pending, texts)
    room = max(MAX_PROMPT_TOKENS - overhead, 1)
    requests = max(math.ceil(tickets / run.batch_size), math.ceil(ticket_tokens / room))
    if run.batch_size > 1 and texts:
        requests += round(tickets * sum(map(is_order, texts.values())) / len(texts))  # asked about alone
    return Estimate(
        tickets=tickets,
        requests=requests,
        prompt_tokens=ticket_tokens + requests * overhead,
        completion_tokens=0,
        cost=None,
        seconds=_seconds(run, requests),
    )


def _sample(pending: QuerySet[TriageItem], tickets: int) -> dict[int, TicketText]:
    """Ticket id -> text of up to SAMPLE tickets, spread over all. Counted from the run's first row, so that the same
    tickets are looked at whatever ids the database gave out."""
    step = math.ceil(tickets / SAMPLE)
    first = pending.order_by("pk").values_list("pk", flat=True)[0]
    spread = pending.annotate(nth=(F("pk") - Value(first)) % Value(step)).filter(nth=0).order_by("pk")
    return texts_of(list(spread.values_list("ticket_id", flat=True)[:SAMPLE]))


def _ticket_tokens(pending: QuerySet[TriageItem], sample: Mapping[int, TicketText]) -> int:
    """Tokens of all tickets: their characters as the database counts them, at the rate of the sample.

    The rate also takes in what the database cannot see: markup that is dropped and the JSON around each text.
    """
    texts = {f"t{n % 20 + 1}-{n}": text for n, text in enumerate(sample.values())}
    tokens = _tokens(build_messages(texts, (), "", MARK)) - _tokens(build_messages({}, (), "", MARK))
    characters = _characters(pending.filter(ticket__in=sample))
    return round(_characters(pending) * tokens / characters) if characters else 0


def _characters(items: QuerySet[TriageItem]) -> int:
    """Characters of the tickets' subjects and messages, each thread counted up to what the model is shown, plus a
    fixed amount for the JSON of each."""
    thread = Message.objects.filter(ticket=OuterRef("ticket")).exclude(kind=Message.Kind.NOTE).order_by()
    length = Subquery(thread.values("ticket").annotate(sum=Sum(Length("body"))).values("sum"))
    shown = Least(Coalesce(length, Value(0)), Value(settings.TRIAGE_BODY_CHARS))
    counted = items.annotate(shown=shown + Length("ticket__subject") + Value(40))
    return counted.aggregate(sum=Sum("shown"))["sum"] or 0


def _tokens(messages: Sequence[dict[str, str]]) -> int:
    return sum(estimate_tokens(message["content"]) for message in messages)


def _seconds(run: TriageRun, requests: int) -> float:
    """The slower of two: the rate limit, and as many requests at once as the run may have."""
    latency = _latency(run.model)
    limit = Limit.for_rpm(min(settings.RELAY_RPM, run.rpm or settings.RELAY_RPM))
    at_limit = max(requests - limit.capacity, 0) / limit.refill_per_second + latency
    return max(at_limit, math.ceil(requests / run.concurrency) * latency)


def _latency(model: str) -> float:
    calls = RelayCall.objects.filter(kind=RelayCall.Kind.TRIAGE, model=model, outcome="ok", latency_ms__isnull=False)
    newest = calls.order_by("-created").values_list("latency_ms", flat=True)[:RECENT_CALLS]
    recent = [milliseconds for milliseconds in newest if milliseconds is not None]
    return median(recent) / 1000 if recent else USUAL_LATENCY
