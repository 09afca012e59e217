"""Labels from the AI, applied to many tickets at once without overwriting a person; and a person's taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext as _

from tickets import signals
from tickets.models import Category, Classification, Team, Ticket, TicketEvent
from tickets.models.choices import SetBy


@dataclass(frozen=True)
class Proposal:
    """What a model says of one ticket. `confidence` is 0 to 1; `priority` is one of Priority's values.

    `doubt` is a sentence that says why a person should look at it first, however confident the model is.
    """

    ticket_id: int
    category: Category
    priority: str
    confidence: float
    reason: str
    doubt: str = ""


@dataclass(frozen=True)
class Origin:
    """Where proposals come from: kept with each classification, named in each event."""

    model: str
    prompt_version: str
    cause: str


class TicketsChanged(Exception):
    """A ticket is no longer as it was seen: nothing may be kept, and all are to be read anew."""


@transaction.atomic(savepoint=False)
def apply_proposals(
    proposals: Sequence[Proposal],
    *,
    origin: Origin,
    min_confidence: float,
    now: datetime,
    seen: Mapping[int, Ticket] | None = None,
    routes: Mapping[int, Team] | None = None,
) -> dict[int, Classification]:
    """Store every proposal and apply it where it is confident enough and no person has decided, field by field.

    A fixed number of queries whatever the number of proposals. Below `min_confidence`, and in doubt, nothing is
    applied and the ticket waits for review. An applied category routes the ticket to the team of that category,
    unless a person chose the team. Returns the stored classifications by ticket id; deleted tickets are left out.

    `seen` are the tickets by id as they were read before, with category and team, and `routes` the teams by category
    id: what is given is not read again.

    Raises:
        TicketsChanged: one of `seen` has changed since.
    """
    by_ticket = {proposal.ticket_id: proposal for proposal in proposals}
    by_category = Team.by_category() if routes is None else routes
    team_ids = {category_id: team.pk for category_id, team in by_category.items()}
    teams = {team.pk: team for team in by_category.values()}
    tickets = _read(by_ticket) if seen is None else [seen[pk] for pk in by_ticket if pk in seen]
    plans = [_plan(ticket, by_ticket[ticket.pk], team_ids, min_confidence) for ticket in tickets]
    changing = [plan for plan in plans if plan.values]
    if _update_tickets(changing, now) != len(changing):
        raise TicketsChanged
    stored = Classification.objects.bulk_create([_classification(plan, origin, now) for plan in plans])
    TicketEvent.objects.bulk_create([event for plan in plans for event in _events(plan, teams, origin, now)])
    signals.tell_changed([plan.ticket.pk for plan in plans if plan.values], "labels")
    signals.tell_labelled(stored)
    return {classification.ticket_id: classification for classification in stored}


def _read(ticket_ids: Collection[int]) -> list[Ticket]:
    locked = Ticket.objects.select_for_update(of=("self",))
    return list(locked.select_related("category", "team").filter(pk__in=ticket_ids))


@dataclass(frozen=True)
class _Plan:
    ticket: Ticket
    proposal: Proposal
    values: dict[str, Any]  # column -> new value

    def sets(self, column: str) -> bool:
        return column in self.values


def _plan(ticket: Ticket, proposal: Proposal, routes: Mapping[int, int], min_confidence: float) -> _Plan:
    owns_category = ticket.category_by == SetBy.PERSON
    owns_priority = ticket.priority_by == SetBy.PERSON
    values: dict[str, Any] = {}
    if owns_category and owns_priority:
        return _Plan(ticket, proposal, values)
    if proposal.doubt or proposal.confidence < min_confidence:
        return _Plan(ticket, proposal, {} if ticket.needs_review else {"needs_review": True})
    if ticket.needs_review:
        values["needs_review"] = False
    if not owns_category:
        values |= {"category_id": proposal.category.pk, "category_by": SetBy.RELAY}
        team_id = routes.get(proposal.category.pk)
        if team_id and team_id != ticket.team_id and ticket.team_by != SetBy.PERSON:
            values |= {"team_id": team_id, "team_by": SetBy.RULE}
    if not owns_priority:
        values |= {"priority": proposal.priority, "priority_by": SetBy.RELAY}
    return _Plan(ticket, proposal, values)


def _update_tickets(plans: Sequence[_Plan], now: datetime) -> int:
    """One UPDATE for all: each column a CASE by ticket id. Who set a label is asked again in the statement itself.
    Returns how many tickets were still in the version that was read."""
    if not plans:
        return 0
    guards = {"category_id": "category_by", "category_by": "category_by", "priority": "priority_by",
              "priority_by": "priority_by", "team_id": "team_by", "team_by": "team_by"}  # fmt: skip
    assignments: dict[str, Any] = {}
    for column in sorted({column for plan in plans for column in plan.values}):
        whens = [When(pk=plan.ticket.pk, then=Value(plan.values[column])) for plan in plans if plan.sets(column)]
        if column in guards:
            kept = When(Q(**{guards[column]: SetBy.PERSON}), then=F(column))
            whens = [kept, *whens]
        assignments[column.removesuffix("_id")] = Case(*whens, default=F(column))
    by_version: dict[int, list[int]] = defaultdict(list)
    for plan in plans:
        by_version[plan.ticket.version].append(plan.ticket.pk)
    as_read = Q()
    for version, ids in by_version.items():
        as_read |= Q(version=version, pk__in=ids)
    return Ticket.objects.filter(as_read).update(version=F("version") + 1, updated=now, **assignments)


def _classification(plan: _Plan, origin: Origin, now: datetime) -> Classification:
    return Classification(
        ticket=plan.ticket,
        category=plan.proposal.category,
        priority=plan.proposal.priority,
        confidence=plan.proposal.confidence,
        reason=plan.proposal.reason,
        doubt=plan.proposal.doubt[:200],
        source=SetBy.RELAY,
        model=origin.model,
        prompt_version=origin.prompt_version,
        category_applied=plan.sets("category_id"),
        priority_applied=plan.sets("priority"),
        replaced=Classification.values_of(plan.ticket) if plan.values else {},
        created=now,
    )


def _events(plan: _Plan, teams: Mapping[int, Team], origin: Origin, now: datetime) -> list[TicketEvent]:
    ticket, values, kinds = plan.ticket, plan.values, TicketEvent.Kind
    changes: list[tuple[str, str, str]] = []
    if plan.sets("category_id") and values["category_id"] != ticket.category_id:
        old = ticket.category.slug if ticket.category else ""
        changes.append((kinds.CATEGORY, old, plan.proposal.category.slug))
    if plan.sets("priority") and values["priority"] != ticket.priority:
        changes.append((kinds.PRIORITY, ticket.priority, values["priority"]))
    if plan.sets("team_id"):
        changes.append((kinds.TEAM, ticket.team.name if ticket.team else "", teams[values["team_id"]].name))
    if values.get("needs_review"):
        changes.append((kinds.REVIEW, "", plan.proposal.doubt[:200] or f"{plan.proposal.confidence:.2f}"))
    return [
        TicketEvent(ticket=ticket, kind=kind, old=old, new=new, cause=origin.cause, created=now)
        for kind, old, new in changes
    ]


@transaction.atomic
def ask_for_review(reasons: Mapping[int, str], *, cause: str, now: datetime) -> None:
    """Put tickets that the AI could not label into the review queue, unless people have set both labels already.
    `reasons` says by ticket id why."""
    waiting = Ticket.objects.filter(pk__in=reasons, needs_review=False)
    decided = Q(category_by=SetBy.PERSON, priority_by=SetBy.PERSON)
    ids = list(waiting.exclude(decided).select_for_update().values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=ids).update(needs_review=True, version=F("version") + 1, updated=now)
    kind = TicketEvent.Kind.REVIEW
    TicketEvent.objects.bulk_create(
        [TicketEvent(ticket_id=pk, kind=kind, new=reasons[pk][:200], cause=cause, created=now) for pk in ids]
    )
    signals.tell_changed(ids, "labels")


@transaction.atomic
def take_back(label: Classification, actor: User, *, now: datetime) -> bool:
    """Give a ticket what a person's label replaced. False, and nothing done, when it has changed since.

    The label stays in history, and so does this: an event for each field says who took it back.
    """
    as_left = Ticket.objects.filter(pk=label.ticket_id, updated=label.created)
    ticket = as_left.select_for_update(of=("self",)).select_related("category", "team").first()
    if ticket is None:
        return False
    replaced = dict(label.replaced)
    category = Category.objects.filter(pk=replaced.pop("category")).first()
    team = Team.objects.filter(pk=replaced.pop("team")).first()
    kinds = TicketEvent.Kind
    changes = [
        (kinds.CATEGORY, ticket.category.slug if ticket.category else "", category.slug if category else ""),
        (kinds.PRIORITY, ticket.priority, replaced["priority"]),
        (kinds.TEAM, ticket.team.name if ticket.team else "", team.name if team else ""),
    ]
    as_left.update(category=category, team=team, version=F("version") + 1, updated=now, **replaced)
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, kind=kind, old=old, new=new, actor=actor, cause=_("taken back"), created=now)
        for kind, old, new in changes
        if old != new
    )
    signals.tell_changed([ticket.pk], "labels")
    return True
