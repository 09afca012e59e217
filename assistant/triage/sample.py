"""A few of a run's tickets asked about first: their answers are stored and shown, and change no ticket until somebody
says so."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from django.conf import settings
from django.db.models import BigIntegerField, Case, Count, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from assistant.models import RelayCall, TriageItem, TriageRun
from assistant.relay.types import Usage
from assistant.triage import chunks
from assistant.triage.estimate import Estimate, estimate
from assistant.triage.states import check_ready, move
from assistant.triage.writing import writing
from tickets.labels import Origin, Proposal, apply_proposals, ask_for_review
from tickets.models import Classification, Ticket
from tickets.models.choices import SetBy

SIZE = 20
MOST = 500

_State = TriageItem.State


def take_sample(run: TriageRun, *, size: int = SIZE, now: datetime) -> None:
    """Ask about `size` tickets, or all where there are fewer: the run is sampled when they are answered.

    An earlier sample of the run is put aside; what it cost stays in the books.

    Raises:
        RunError: the whole run has been started, or no request could leave.
    """
    check_ready(run)
    with writing():
        states, fresh = TriageRun.State, {"started": None, "finished": None, "waiting_until": None}
        size = max(1, min(size, run.total, MOST))
        move(run, [states.DRAFT, states.SAMPLED], states.RUNNING, sample_size=size, **fresh)
        put_back(run, run.items.exclude(state=_State.PENDING))
        chunks.fill(run, _spread(run, size), now)
        chunks.close_finished(now, run.pk)
    run.refresh_from_db()


def _spread(run: TriageRun, size: int) -> list[int]:
    """Item ids: one at random from each of `size` equal parts of the run, the same ones whenever it is asked."""
    ids = list(run.items.order_by("pk").values_list("pk", flat=True))
    edges = [len(ids) * part // size for part in range(size + 1)]
    chance = random.Random(run.pk)
    return [ids[chance.randrange(start, end)] for start, end in pairwise(edges) if start < end]


def put_back(run: TriageRun, items: QuerySet[TriageItem]) -> None:
    """Make tickets of a sample pending again, to be asked about anew; the opinions on them stay in their history."""
    items.update(state=_State.PENDING, chunk=None, classification=None, error_code="", reason="")
    states = list(run.items.exclude(state=_State.PENDING).values_list("state", flat=True))
    TriageRun.objects.filter(pk=run.pk).update(
        classified=states.count(_State.CLASSIFIED), needs_human=states.count(_State.NEEDS_HUMAN), failed=0
    )


def keep(run: TriageRun, proposals: Sequence[Proposal], now: datetime) -> int:
    """Keep the answers to a sample as opinions, the tickets stay as they are; returns how many items were still there
    to be classified."""
    there = Ticket.objects.filter(pk__in=[proposal.ticket_id for proposal in proposals]).select_for_update()
    held = set(there.values_list("pk", flat=True))
    rows = [
        Classification(
            ticket_id=proposal.ticket_id, category=proposal.category, priority=proposal.priority,
            confidence=proposal.confidence, reason=proposal.reason, doubt=proposal.doubt[:200], source=SetBy.RELAY,
            model=run.model, prompt_version=run.prompt_version, created=now,
        )
        for proposal in proposals if proposal.ticket_id in held
    ]  # fmt: skip
    stored = {row.ticket_id: row for row in Classification.objects.bulk_create(rows)}
    return classified(run, stored)


def classified(run: TriageRun, stored: Mapping[int, Classification]) -> int:
    """Mark the items of the tickets in `stored`; returns how many were still there to be classified."""
    if not stored:
        return 0
    whens = [When(ticket=ticket_id, then=Value(row.pk)) for ticket_id, row in stored.items()]
    items = TriageItem.objects.filter(run=run, ticket__in=stored, state=_State.PENDING)
    return items.update(state=_State.CLASSIFIED, classification=Case(*whens, output_field=BigIntegerField()))


def apply_answers(run: TriageRun, now: datetime) -> None:
    """Apply what a sample has answered, as a run would have: people win now as ever. What failed, and what is in a
    category that was switched off since, is asked about again."""
    usable = Q(state=_State.CLASSIFIED, classification__category__active=True) | Q(state=_State.NEEDS_HUMAN)
    others = run.items.exclude(state=_State.PENDING).exclude(pk__in=run.items.filter(usable).values("pk"))
    put_back(run, TriageItem.objects.filter(pk__in=list(others.values_list("pk", flat=True))))
    answered = run.items.filter(state=_State.CLASSIFIED).select_related("classification__category")
    stored = apply_proposals(
        [_proposal(item) for item in answered],
        origin=Origin(run.model, run.prompt_version, run.cause),
        min_confidence=settings.TRIAGE_MIN_CONFIDENCE,
        now=now,
    )
    whens = [When(ticket=ticket_id, then=Value(row.pk)) for ticket_id, row in stored.items()]
    if whens:
        found = Case(*whens, output_field=BigIntegerField())
        run.items.filter(ticket__in=stored).update(classification=found)
    asked = run.items.filter(state=_State.NEEDS_HUMAN).values_list("ticket_id", "reason")
    ask_for_review(dict(asked), cause=run.cause, now=now)


def _proposal(item: TriageItem) -> Proposal:
    found = item.classification
    assert found is not None and found.category is not None
    return Proposal(
        item.ticket_id, found.category, found.priority, found.confidence or 0.0, found.reason, found.doubt
    )


@dataclass(frozen=True)
class Field:
    """One label of a ticket today and in the AI's opinion, as shown; `fate` says what applying would do: same,
    changed, person (a person's label stays) or review (too unsure to apply)."""

    today: str
    proposed: str
    fate: str


@dataclass(frozen=True)
class Row:
    """A ticket of a sample; `category` and `priority` are None where there is no opinion."""

    item: TriageItem
    category: Field | None
    priority: Field | None

    @property
    def changes(self) -> bool:
        return any(field is not None and field.fate == "changed" for field in (self.category, self.priority))


def differences(run: TriageRun) -> list[Row]:
    """The tickets of a sample with their labels of today and the AI's, in one query."""
    answered = run.items.exclude(state=_State.PENDING)
    items = answered.select_related("ticket__category", "classification__category").order_by("pk")
    return [_row(item) for item in items]


def _row(item: TriageItem) -> Row:
    ticket, found = item.ticket, item.classification
    if found is None or found.category is None:
        return Row(item, None, None)
    unsure = bool(found.doubt) or (found.confidence or 0.0) < settings.TRIAGE_MIN_CONFIDENCE
    today = ticket.category.name if ticket.category else "–"
    category = _fate(ticket.category_by, ticket.category_id == found.category_id, unsure)
    priority = _fate(ticket.priority_by, ticket.priority == found.priority, unsure)
    return Row(
        item,
        Field(today, found.category.name, category),
        Field(ticket.get_priority_display(), found.get_priority_display(), priority),
    )


def _fate(set_by: str, same: bool, unsure: bool) -> str:
    if set_by == SetBy.PERSON:
        return "person"
    return "same" if same else "review" if unsure else "changed"


@dataclass(frozen=True)
class Bill:
    """What a sample took; `cost` is USD, None where a call had no known price."""

    used: Usage
    cost: Decimal | None


def bill(run: TriageRun) -> Bill:
    """That of the latest sample, since it was begun; costs no query where the run was read by `with_bill`."""
    if not hasattr(run, "billed_unpriced"):
        run = with_bill().get(pk=run.pk)
    prompt, completion, usd, unpriced = (getattr(run, f"billed_{name}") for name in _BILLED)
    return Bill(Usage(prompt or 0, completion or 0), None if unpriced else usd or Decimal(0))


_BILLED = {
    "prompt": Sum("prompt_tokens"), "completion": Sum("completion_tokens"), "usd": Sum("cost"),
    "unpriced": Count("pk", filter=Q(outcome="ok", cost=None)),
}  # fmt: skip


def with_bill() -> QuerySet[TriageRun]:
    """Runs with the sums of their samples' calls."""
    begun = Coalesce(OuterRef("started"), OuterRef("created"))
    calls = RelayCall.objects.filter(run=OuterRef("pk"), created__gte=begun).order_by().values("run")
    sums = {f"billed_{name}": Subquery(calls.annotate(sum=total).values("sum")) for name, total in _BILLED.items()}
    return TriageRun.objects.annotate(**sums)


def forecast(run: TriageRun, paid: Bill) -> tuple[Estimate, Estimate]:
    """What the rest of the run will take when its sample is applied, and what all of it will take when it is asked
    about anew. Both at the rates that answered requests, those of the sample too, have taught."""
    rest = estimate(run)
    if rest.tickets:
        return rest, _times(rest, run.total / rest.tickets)
    requests = math.ceil(run.total / run.batch_size)
    anew = Estimate(run.total, requests, paid.used.prompt_tokens, paid.used.completion_tokens, paid.cost, 0.0)
    return replace(rest, cost=Decimal(0)), anew


def _times(found: Estimate, factor: float) -> Estimate:
    return Estimate(
        tickets=round(found.tickets * factor),
        requests=math.ceil(found.requests * factor),
        prompt_tokens=round(found.prompt_tokens * factor),
        completion_tokens=round(found.completion_tokens * factor),
        cost=None if found.cost is None else (found.cost * Decimal(factor)).quantize(Decimal("1E-10")),
        seconds=found.seconds * factor,
    )
