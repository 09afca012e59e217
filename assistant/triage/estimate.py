"""What a run will take, before it starts: counted in the database, weighed by a sample, never by loading it all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings
from django.db.models import Avg, Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce, Least, Length, RowNumber
from django.utils import timezone

from assistant.models import PromptVersion, RelayCall, RelayModel, RelayPrice, TriageItem, TriageRun
from assistant.pricing import cost_of
from assistant.relay.limits import Limit
from assistant.relay.tokens import estimate_tokens
from assistant.relay.types import Usage
from assistant.triage.injections import is_order
from assistant.triage.prompt import MAX_PROMPT_TOKENS, build_messages
from assistant.triage.texts import TicketText, texts_and_lengths
from tickets.models import Category, Message
from tickets.models.choices import SetBy

SAMPLE = 1000
RECENT_CALLS = 50
USUAL_LATENCY = 6.0  # seconds, until there are calls to learn from
# Until there are runs to learn from, rather too much than too little: what is billed for a token that we estimate and
# for one result with its braces, names, labels and a short reason. The first answered request replaces both.
PROMPT_RATE = 1.1
RESULT_TOKENS = 70.0
MARK = "3f9a1c07be52d864"  # any, but the same each time, so that nothing changed means the same estimate
RECENT_RUNS = 20
AROUND = 40  # characters of JSON around a ticket
CHARACTERS_A_TOKEN = 4.2  # where no ticket has a message


@dataclass(frozen=True)
class Estimate:
    """`cost` is USD, None when the model's price is unknown; `seconds` from the first request to the last answer.
    `labelled_by_people` of the tickets have a category or a priority from a person, which stays."""

    tickets: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    seconds: float
    labelled_by_people: int = 0


def estimate(run: TriageRun, model: str | None = None) -> Estimate:
    """What the run's pending tickets will take, with `model` in place of the run's own where given."""
    name = RelayModel.resolve(model) if model else run.model
    facts = _facts(run, name)
    return _on(rates_by_model([name])[name], _unpriced(run, facts), facts.price)


def estimates_by_model(run: TriageRun) -> list[tuple[RelayModel, Estimate]]:
    """The same tickets on each enabled model, the cheapest first and those without a price last."""
    offers = RelayPrice.offers(timezone.now())
    return [(model, found) for model, _price, found in estimates_of(run, offers)]


def estimates_of(
    run: TriageRun, offers: Sequence[tuple[RelayModel, RelayPrice | None]]
) -> list[tuple[RelayModel, RelayPrice | None, Estimate]]:
    """The same tickets on each of some models with their prices, in the order of estimates_by_model."""
    base = _unpriced(run, _facts(run, run.model))
    rates = rates_by_model([model.name for model, _price in offers])
    found = [(model, price, _on(rates[model.name], base, price)) for model, price in offers]
    return sorted(found, key=lambda row: (row[2].cost is None, row[2].cost or 0, row[0].name))


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


@dataclass(frozen=True)
class _Facts:
    """What one row tells of a run's pending tickets: how many, the id of the first item, characters in all, how many
    have a label from a person; and of the run: its instructions, seconds a request takes, the price of a model."""

    tickets: int
    first: int
    characters: int
    labelled: int
    instructions: str
    latency: float
    price: RelayPrice | None


def _facts(run: TriageRun, model: str) -> _Facts:
    by_people = Q(ticket__category_by=SetBy.PERSON) | Q(ticket__priority_by=SetBy.PERSON)
    version = PromptVersion.objects.filter(number=int(run.prompt_version))
    newest = RelayPrice.objects.filter(model__name=model, valid_from__lte=timezone.now()).order_by("-valid_from")
    prices = {name: Max(Subquery(newest.values(name)[:1])) for name in ("input", "cached_input", "output")}
    found = _pending(run).aggregate(
        tickets=Count("pk"),
        first=Min("pk"),
        characters=Sum("shown"),
        labelled=Count("pk", filter=by_people),
        instructions=Max(Subquery(version.values("instructions")[:1])),
        latency=Max(_latency(run.model)),
        **prices,
    )
    price = {name: found.pop(name) for name in prices}
    seconds = USUAL_LATENCY if found["latency"] is None else found["latency"] / 1000
    known = {name: value or 0 for name, value in found.items()} | {"latency": seconds}
    return _Facts(**known, price=None if price["input"] is None else RelayPrice(**price))


def _pending(run: TriageRun) -> QuerySet[TriageItem]:
    """With `shown`: the characters of each ticket's subject and messages, the thread counted up to what the model is
    shown, plus a fixed amount for the JSON around it."""
    thread = Message.objects.filter(ticket=OuterRef("ticket")).exclude(kind=Message.Kind.NOTE).order_by()
    length = Subquery(thread.values("ticket").annotate(sum=Sum(Length("body"))).values("sum"))
    shown = Least(Coalesce(length, Value(0)), Value(settings.TRIAGE_BODY_CHARS))
    pending = TriageItem.objects.filter(run=run, state=TriageItem.State.PENDING)
    return pending.annotate(shown=shown + Length("ticket__subject") + Value(AROUND))


def _latency(model: str) -> Subquery:
    """Milliseconds that the model's latest answers took on average, NULL where there are none."""
    calls = RelayCall.objects.filter(kind=RelayCall.Kind.TRIAGE, model=model, outcome="ok", latency_ms__isnull=False)
    recent = RelayCall.objects.filter(pk__in=calls.order_by("-created").values("pk")[:RECENT_CALLS])
    return Subquery(recent.order_by().values("kind").annotate(mean=Avg("latency_ms")).values("mean"))


def _unpriced(run: TriageRun, facts: _Facts) -> Estimate:
    """In tokens as we count them, without the answers."""
    if not facts.tickets:
        return Estimate(0, 0, 0, 0, None, 0.0)
    categories = tuple(Category.objects.filter(active=True))
    overhead = _tokens(build_messages({}, categories, facts.instructions, MARK))
    sample = _sample(run, facts)
    ticket_tokens = round(facts.characters * _tokens_a_character(sample))
    room = max(MAX_PROMPT_TOKENS - overhead, 1)
    requests = max(math.ceil(facts.tickets / run.batch_size), math.ceil(ticket_tokens / room))
    if run.batch_size > 1 and sample:
        alone = sum(is_order(text) for text, _length in sample)
        requests += round(facts.tickets * alone / len(sample))
    return Estimate(
        tickets=facts.tickets,
        requests=requests,
        prompt_tokens=ticket_tokens + requests * overhead,
        completion_tokens=0,
        cost=None,
        seconds=_seconds(run, requests, facts.latency),
        labelled_by_people=facts.labelled,
    )


def _sample(run: TriageRun, facts: _Facts) -> list[tuple[TicketText, int]]:
    """Texts of up to SAMPLE tickets with the lengths of their threads, spread over all. Counted from the run's first
    row, so that the same tickets are looked at whatever ids the database gave out."""
    step = math.ceil(facts.tickets / SAMPLE)
    pending = TriageItem.objects.filter(run=run, state=TriageItem.State.PENDING)
    spread = pending.annotate(nth=(F("pk") - Value(facts.first)) % Value(step)).filter(nth=0).order_by("pk")
    return texts_and_lengths(spread.values("ticket_id")[:SAMPLE])


def _tokens_a_character(sample: Sequence[tuple[TicketText, int]]) -> float:
    """The tokens of the sample by its characters as the database counts them. That also takes in what the database
    cannot see: markup that is dropped and the JSON around each text."""
    texts = {f"t{n % 20 + 1}-{n}": text for n, (text, _length) in enumerate(sample)}
    tokens = _tokens(build_messages(texts, (), "", MARK)) - _tokens(build_messages({}, (), "", MARK))
    longest = settings.TRIAGE_BODY_CHARS
    characters = sum(min(length, longest) + len(text.subject) + AROUND for text, length in sample)
    return tokens / characters if characters else 1 / CHARACTERS_A_TOKEN


def _tokens(messages: Sequence[dict[str, str]]) -> int:
    return sum(estimate_tokens(message["content"]) for message in messages)


def _seconds(run: TriageRun, requests: int, latency: float) -> float:
    """The slower of two: the rate limit, and as many requests at once as the run may have."""
    limit = Limit.for_rpm(min(settings.RELAY_RPM, run.rpm or settings.RELAY_RPM))
    at_limit = max(requests - limit.capacity, 0) / limit.refill_per_second + latency
    return max(at_limit, math.ceil(requests / run.concurrency) * latency)
