"""Changing many tickets at once: a fixed number of statements a step, an event for each ticket and change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from tickets import notifications, signals
from tickets.access import tickets_for
from tickets.models import Classification, Tag, Team, Ticket, TicketEvent
from tickets.models.choices import Priority, SetBy, Status

STEP = 2000  # tickets a transaction


@dataclass(frozen=True)
class Changes:
    """What is to be done; what is None stays. `assignee` and `team` can be taken away: (None,)."""

    status: Status | None = None
    priority: Priority | None = None
    assignee: tuple[User | None] | None = None
    team: tuple[Team | None] | None = None
    add_tag: str = ""
    remove_tag: str = ""


@dataclass(frozen=True)
class Step:
    """`seen` tickets were looked at, `changed` of them were not so yet; `last` is where the next step begins, None
    when nothing is left."""

    seen: int
    changed: int
    last: int | None


@transaction.atomic
def change_step(
    tickets: QuerySet[Ticket], changes: Changes, actor: User, *, after: int, until: int, now: datetime
) -> Step:
    """Make `changes` on the next STEP of `tickets` with after < id <= until, of those that `actor` may see."""
    ids = list(
        tickets.filter(pk__gt=after, pk__lte=until).order_by("pk").values_list("pk", flat=True).distinct()[:STEP]
    )
    locked = tickets_for(actor).filter(pk__in=ids).select_related("team", "assignee").select_for_update(of=("self",))
    rows = list(locked)
    changed: set[int] = set()
    for part in (_status, _priority, _assignee, _team, _tag_added, _tag_removed):
        changed |= part(rows, changes, actor, now)
    Ticket.objects.filter(pk__in=changed).update(version=F("version") + 1, updated=now)
    signals.tell_changed(sorted(changed), "bulk")
    return Step(len(rows), len(changed), ids[-1] if len(ids) == STEP else None)


def _set(rows: Iterable[Ticket], values: dict[str, Any]) -> None:
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in rows]).update(**values)


def _tell(
    rows: Sequence[Ticket], kind: str, old: Callable[[Ticket], str], new: str, actor: User, now: datetime
) -> set[int]:
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, kind=kind, old=old(ticket)[:200], new=new[:200], actor=actor, created=now)
        for ticket in rows
    )
    return {ticket.pk for ticket in rows}


def _status(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    if changes.status is None:
        return set()
    moving = [ticket for ticket in rows if ticket.status != changes.status]
    values: dict[str, Any] = {"status": changes.status, "resolved": None}
    if changes.status in {Status.RESOLVED, Status.CLOSED}:
        values |= {"resolved": Coalesce("resolved", Value(now)), "snoozed_until": None}
    _set(moving, values)
    return _tell(moving, TicketEvent.Kind.STATUS, lambda ticket: ticket.status, changes.status, actor, now)


def _priority(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    """A person's label: stored, never overwritten by the AI, and the end of a review."""
    if changes.priority is None:
        return set()
    wanted = (changes.priority, SetBy.PERSON, False)
    labelled = [t for t in rows if (t.priority, t.priority_by, t.needs_review) != wanted]
    stored = Classification.objects.bulk_create(
        Classification(
            ticket=ticket, priority=changes.priority, source=SetBy.PERSON, author=actor, created=now,
            priority_applied=True, replaced=Classification.values_of(ticket),
        )
        for ticket in labelled
    )  # fmt: skip
    _set(labelled, {"priority": changes.priority, "priority_by": SetBy.PERSON, "needs_review": False})
    other = [ticket for ticket in labelled if ticket.priority != changes.priority]
    _tell(other, TicketEvent.Kind.PRIORITY, lambda ticket: ticket.priority, changes.priority, actor, now)
    signals.tell_labelled(stored)
    return {ticket.pk for ticket in labelled}


def _assignee(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    if changes.assignee is None:
        return set()
    (to,) = changes.assignee
    moving = [ticket for ticket in rows if ticket.assignee_id != (to.pk if to else None)]
    _set(moving, {"assignee": to})
    notifications.assigned([ticket.pk for ticket in moving], to, actor, now)
    return _tell(
        moving, TicketEvent.Kind.ASSIGNEE, lambda ticket: str(ticket.assignee or ""), str(to or ""), actor, now
    )


def _team(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    if changes.team is None:
        return set()
    (to,) = changes.team
    key = to.pk if to else None
    chosen = [ticket for ticket in rows if (ticket.team_id, ticket.team_by) != (key, SetBy.PERSON)]
    _set(chosen, {"team": to, "team_by": SetBy.PERSON})
    moving = [ticket for ticket in chosen if ticket.team_id != key]
    _tell(moving, TicketEvent.Kind.TEAM, lambda ticket: str(ticket.team or ""), str(to or ""), actor, now)
    return {ticket.pk for ticket in chosen}


def _tag_added(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    if not changes.add_tag:
        return set()
    tag, _created = Tag.objects.get_or_create(name=changes.add_tag)
    before = _tags(rows)
    without = [ticket for ticket in rows if tag.name not in before[ticket.pk]]
    link = Ticket.tags.through
    link.objects.bulk_create([link(ticket=ticket, tag=tag) for ticket in without], ignore_conflicts=True)
    return _tell_tags(without, before, {tag.name}, set(), actor, now)


def _tag_removed(rows: list[Ticket], changes: Changes, actor: User, now: datetime) -> set[int]:
    if not changes.remove_tag:
        return set()
    before, name = _tags(rows), changes.remove_tag
    having = [ticket for ticket in rows if name in before[ticket.pk]]
    Ticket.tags.through.objects.filter(tag__name=name, ticket__in=[ticket.pk for ticket in having]).delete()
    return _tell_tags(having, before, set(), {name}, actor, now)


def _tags(rows: list[Ticket]) -> dict[int, set[str]]:
    names: dict[int, set[str]] = {ticket.pk: set() for ticket in rows}
    links = Ticket.tags.through.objects.filter(ticket__in=list(names))
    for ticket_id, name in links.values_list("ticket_id", "tag__name"):
        names[ticket_id].add(name)
    return names


def _tell_tags(
    rows: list[Ticket], before: dict[int, set[str]], add: set[str], remove: set[str], actor: User, now: datetime
) -> set[int]:
    TicketEvent.objects.bulk_create(
        TicketEvent(
            ticket=ticket, kind=TicketEvent.Kind.TAGS, actor=actor, created=now,
            old=", ".join(sorted(before[ticket.pk]))[:200],
            new=", ".join(sorted((before[ticket.pk] | add) - remove))[:200],
        )
        for ticket in rows
    )  # fmt: skip
    return {ticket.pk for ticket in rows}
