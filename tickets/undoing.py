"""Labels from the AI taken back, field by field, wherever nobody has changed the ticket since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from tickets import signals
from tickets.models import Category, Classification, Team, Ticket, TicketEvent
from tickets.models.choices import SetBy

_Kind = TicketEvent.Kind


@dataclass(frozen=True)
class TakenBack:
    """Tickets by id: `restored` are as they were in all that was changed on them, on those `kept` something stays
    since somebody, or a later classification, has changed it."""

    restored: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)


@transaction.atomic
def undo_labels(
    labels: Sequence[Classification], *, taken_back: Collection[int], cause: str, actor: User | None, now: datetime
) -> TakenBack:
    """Put back what `labels`, one a ticket, replaced. Rows of the history stay as they are; events say what changed.

    `taken_back` are the ids of classifications of these tickets that were taken back before: they no longer stand,
    neither in the way of this nor as what there was before. A fixed number of reads whatever the number of tickets,
    and a write for each distinct set of values.
    """
    changing = {label.ticket_id: label for label in labels if label.replaced}
    tickets = Ticket.objects.select_for_update(of=("self",)).filter(pk__in=changing)
    history: dict[int, list[Classification]] = defaultdict(list)
    for row in Classification.objects.filter(ticket__in=changing).order_by("pk"):
        history[row.ticket_id].append(row)
    known = _Known(Category.objects.in_bulk(), Team.objects.in_bulk(), Team.routes())
    plans = [
        _plan(ticket, _Past(changing[ticket.pk], history[ticket.pk], frozenset(taken_back)), known)
        for ticket in tickets
    ]
    _write([plan for plan in plans if plan.values], known, cause, actor, now)
    kept = {plan.ticket.pk for plan in plans if plan.kept}
    return TakenBack({plan.ticket.pk for plan in plans if plan.values} - kept, kept)


@dataclass(frozen=True)
class _Known:
    categories: Mapping[int, Category]
    teams: Mapping[int, Team]
    routes: Mapping[int, int]


@dataclass(frozen=True)
class _Plan:
    ticket: Ticket
    values: dict[str, Any]  # column -> the value from before
    kept: bool


@dataclass(frozen=True)
class _Past:
    """A label among all classifications of its ticket, oldest first."""

    label: Classification
    history: Sequence[Classification]
    taken_back: frozenset[int]

    def is_last(self, name: str) -> bool:
        """Whether nothing that stands has set the field since.

        A person's label does not stand where the field is the AI's: its author has taken it back.
        """
        own = name != "needs_review" or not self.label.applied
        later = [row for row in self.history if row.pk > self.label.pk and row.pk not in self.taken_back]
        return not any(_has_set(row, name) for row in later if not (own and row.source == SetBy.PERSON))

    def before(self, name: str) -> Mapping[str, Any]:
        """Values from before the label set the field; those of a label that was itself taken back do not count."""
        found = self.label.replaced
        for row in reversed(self.history):
            if row.pk >= self.label.pk or not _has_set(row, name):
                continue
            if row.pk not in self.taken_back or found[name] != _value_set(row, name):
                break
            found = row.replaced
        return found


def _has_set(row: Classification, name: str) -> bool:
    if name == "needs_review":
        return bool(row.replaced)
    return bool(row.category_applied if name == "category" else row.priority_applied)


def _value_set(row: Classification, name: str) -> Any:
    if name == "needs_review":
        return not row.applied
    return row.category_id if name == "category" else row.priority


def _plan(ticket: Ticket, past: _Past, known: _Known) -> _Plan:
    label, kept = past.label, False
    values: dict[str, Any] = {}
    if label.category_applied:
        if (ticket.category_by, ticket.category_id) == (SetBy.RELAY, label.category_id) and past.is_last("category"):
            values |= _category_before(past.before("category"), known)
            values |= _team_before(ticket, past.before("category"), known)
            kept |= _was_moved(ticket, label, known)
        else:
            kept = True
    if label.priority_applied:
        if (ticket.priority_by, ticket.priority) == (SetBy.RELAY, label.priority) and past.is_last("priority"):
            before = past.before("priority")
            values |= {"priority": before["priority"], "priority_by": before["priority_by"]}
        else:
            kept = True
    flag = not label.applied
    if label.replaced["needs_review"] != flag:
        if ticket.needs_review == flag and past.is_last("needs_review"):
            values["needs_review"] = past.before("needs_review")["needs_review"]
        elif not label.applied:
            kept = True
    return _Plan(ticket, values, kept)


def _category_before(before: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    """A category deleted meanwhile is none."""
    if before["category"] not in known.categories:
        return {"category_id": None, "category_by": SetBy.UNSET}
    return {"category_id": before["category"], "category_by": before["category_by"]}


def _team_before(ticket: Ticket, before: Mapping[str, Any], known: _Known) -> dict[str, Any]:
    """The team goes back with the category that routed the ticket there."""
    if ticket.team_by != SetBy.RULE or ticket.team_id == before["team"]:
        return {}
    if before["team"] not in known.teams:
        return {"team_id": None, "team_by": SetBy.UNSET}
    return {"team_id": before["team"], "team_by": before["team_by"]}


def _was_moved(ticket: Ticket, label: Classification, known: _Known) -> bool:
    """Whether a person has given the ticket to another team after the label routed it."""
    routed = known.routes.get(label.category_id or 0) not in {None, label.replaced["team"]}
    return routed and ticket.team_by == SetBy.PERSON != label.replaced["team_by"]


def _write(plans: Sequence[_Plan], known: _Known, cause: str, actor: User | None, now: datetime) -> None:
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    for plan in plans:
        alike[tuple(sorted(plan.values.items()))].append(plan.ticket.pk)
    for values, ids in alike.items():
        Ticket.objects.filter(pk__in=ids).update(version=F("version") + 1, updated=now, **dict(values))
    TicketEvent.objects.bulk_create(
        [
            TicketEvent(ticket=plan.ticket, kind=kind, old=old, new=new, cause=cause, actor=actor, created=now)
            for plan in plans
            for kind, old, new in _changes(plan, known)
        ]
    )
    signals.tell_changed([plan.ticket.pk for plan in plans], "labels")


def _changes(plan: _Plan, known: _Known) -> list[tuple[str, str, str]]:
    ticket, values = plan.ticket, plan.values
    changes: list[tuple[str, str, str]] = []
    if values.get("category_id", ticket.category_id) != ticket.category_id:
        old, new = known.categories.get(ticket.category_id or 0), known.categories.get(values["category_id"])
        changes.append((_Kind.CATEGORY, old.slug if old else "", new.slug if new else ""))
    if values.get("priority", ticket.priority) != ticket.priority:
        changes.append((_Kind.PRIORITY, ticket.priority, values["priority"]))
    if values.get("team_id", ticket.team_id) != ticket.team_id:
        team, before = known.teams.get(ticket.team_id or 0), known.teams.get(values["team_id"])
        changes.append((_Kind.TEAM, team.name if team else "", before.name if before else ""))
    if values.get("needs_review"):
        changes.append((_Kind.REVIEW, "", ""))
    return changes


@transaction.atomic
def end_review(ticket_ids: Collection[int], *, asked_by: str, now: datetime) -> TakenBack:
    """Take tickets out of the review queue that `asked_by`, the cause named in its events, has put there."""
    asked = TicketEvent.objects.filter(ticket__in=ticket_ids, kind=_Kind.REVIEW).order_by("pk")
    latest = dict(asked.values_list("ticket_id", "cause"))
    mine = {ticket_id for ticket_id, cause in latest.items() if cause == asked_by}
    waiting = Ticket.objects.select_for_update().filter(pk__in=mine, needs_review=True)
    ended = set(waiting.values_list("pk", flat=True))
    Ticket.objects.filter(pk__in=ended).update(needs_review=False, version=F("version") + 1, updated=now)
    signals.tell_changed(list(ended), "labels")
    return TakenBack(ended, mine - ended)
