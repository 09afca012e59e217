"""Puts the demo's cases into the database, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from tickets import signals
from tickets.demo import SOURCE, Case, Letter, cases
from tickets.demo.people import Staff
from tickets.models import Category, Classification, Customer, Message, Tag, Team, Ticket, TicketEvent
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.models.ticket import subject_from

_KINDS = {"customer": Message.Kind.CUSTOMER, "agent": Message.Kind.REPLY, "note": Message.Kind.NOTE}


@dataclass(frozen=True)
class _Opened:
    """A ticket in the making. `agent` answers it, `labeller` is who labelled it, if anybody."""

    case: Case
    ticket: Ticket
    messages: Sequence[Message]
    agent: User
    labeller: User | None


@transaction.atomic
def load(count: int, staff: Staff, now: datetime) -> int:
    """Load the first `count` cases which are not there yet, dated back from `now`; returns how many that were."""
    there = set(Ticket.objects.filter(source=SOURCE).values_list("external_id", flat=True))
    fresh = [(number, case) for number, case in enumerate(cases()[:count]) if case.key not in there]
    customers = _customers([case for _number, case in fresh], now)
    desk = _Desk(staff, now)
    opened = [desk.open(number, case, customers[case.email.lower()]) for number, case in fresh]
    tickets = Ticket.objects.bulk_create(item.ticket for item in opened)
    Message.objects.bulk_create(message for item in opened for message in item.messages)
    TicketEvent.objects.bulk_create(event for item in opened for event in desk.events(item))
    Classification.objects.bulk_create(desk.label(item) for item in opened if item.labeller)
    _tag([item for item in opened if item.labeller])
    signals.tell_opened(ticket.pk for ticket in tickets)
    return len(opened)


def _customers(fresh: Sequence[Case], now: datetime) -> dict[str, Customer]:
    """By address, each known since their first case."""
    names = {case.email.lower(): case.name for case in fresh}
    days = {case.email.lower(): case.days_ago for case in sorted(fresh, key=lambda case: case.days_ago)}
    Customer.objects.bulk_create(
        [
            Customer(email=email, name=name, created=now - timedelta(days=days[email]))
            for email, name in names.items()
        ],
        ignore_conflicts=True,
    )
    return {customer.email: customer for customer in Customer.objects.filter(email__in=names)}


class _Desk:
    """What would have happened to a case on this desk. What nobody has labelled shows nothing of its right labels:
    no team, no tags, and an agent who is chosen by turn."""

    def __init__(self, staff: Staff, now: datetime) -> None:
        self._staff = staff
        self._now = now
        self._categories = {category.slug: category for category in Category.objects.all()}
        self._teams = Team.objects.in_bulk()
        self._routes = Team.routes()

    def open(self, number: int, case: Case, customer: Customer) -> _Opened:
        agent = (self._staff.alice, self._staff.bob)[number % 2]
        labelled = case.labelled and case.category in self._categories
        if labelled:
            agent = self._staff.by_category.get(self._categories[case.category], agent)
        begun = self._now - timedelta(days=case.days_ago)
        ticket = Ticket(
            customer=customer,
            subject=case.subject[:255] or subject_from(self._first_text(case)),
            status=case.status,
            channel=Channel.EMAIL if case.subject else Channel.WEB,
            source=SOURCE,
            external_id=case.key,
            created=begun,
            **(self._labels(case) if labelled else {}),
        )
        messages = [self._message(ticket, letter, begun, agent) for letter in case.letters]
        self._settle(ticket, messages, agent, take_it=labelled and number % 3 == 0)
        return _Opened(case, ticket, messages, agent, agent if labelled else None)

    def events(self, item: _Opened) -> list[TicketEvent]:
        ticket, kinds = item.ticket, TicketEvent.Kind
        changes: list[tuple[Any, str, str, User | None]] = [(kinds.OPENED, "", ticket.channel, None)]
        if item.labeller:
            changes.append((kinds.CATEGORY, "", item.case.category, item.labeller))
            if ticket.priority != Priority.MEDIUM:
                changes.append((kinds.PRIORITY, Priority.MEDIUM, ticket.priority, item.labeller))
            if ticket.team:
                changes.append((kinds.TEAM, "", ticket.team.name, item.labeller))
        if ticket.assignee:
            changes.append((kinds.ASSIGNEE, "", str(ticket.assignee), item.agent))
        if ticket.status != Status.OPEN:
            changes.append((kinds.STATUS, Status.OPEN, ticket.status, item.agent))
        times = {kinds.OPENED: ticket.created, kinds.STATUS: ticket.updated}
        labelled = self._soon_after(ticket.created)
        return [
            TicketEvent(ticket=ticket, kind=kind, old=old, new=new, actor=actor, created=times.get(kind, labelled))
            for kind, old, new, actor in changes
        ]

    def label(self, item: _Opened) -> Classification:
        return Classification(
            ticket=item.ticket,
            category=item.ticket.category,
            priority=item.ticket.priority,
            source=SetBy.PERSON,
            author=item.labeller,
            category_applied=True,
            priority_applied=True,
            replaced=Classification.values_of(Ticket()),
            created=self._soon_after(item.ticket.created),
        )

    def _labels(self, case: Case) -> dict[str, Any]:
        category = self._categories[case.category]
        labels = {"category": category, "category_by": SetBy.PERSON,
                  "priority": case.priority, "priority_by": SetBy.PERSON}  # fmt: skip
        if team_id := self._routes.get(category.pk):
            labels |= {"team": self._teams[team_id], "team_by": SetBy.RULE}
        return labels

    def _message(self, ticket: Ticket, letter: Letter, begun: datetime, agent: User) -> Message:
        kind = _KINDS[letter.sender]
        return Message(
            ticket=ticket,
            kind=kind,
            author=None if kind == Message.Kind.CUSTOMER else agent,
            body=letter.body,
            format=letter.format,
            delivery=Message.Delivery.SENT if kind == Message.Kind.REPLY else Message.Delivery.NONE,
            created=min(begun + timedelta(minutes=letter.after_minutes), self._now),
        )

    def _settle(self, ticket: Ticket, messages: Sequence[Message], agent: User, *, take_it: bool) -> None:
        """The times and the assignee that follow from the thread."""
        replies = [message.created for message in messages if message.kind == Message.Kind.REPLY]
        ticket.first_response = min(replies, default=None)
        ticket.last_message = max(message.created for message in messages if message.kind != Message.Kind.NOTE)
        ticket.updated = self._soon_after(max(message.created for message in messages))
        if ticket.status in {Status.RESOLVED, Status.CLOSED}:
            ticket.resolved = ticket.updated
        if replies or take_it:
            ticket.assignee = agent

    def _first_text(self, case: Case) -> str:
        return Message(body=case.letters[0].body, format=case.letters[0].format).plain

    def _soon_after(self, moment: datetime) -> datetime:
        return min(moment + timedelta(minutes=20), self._now)


def _tag(opened: Sequence[_Opened]) -> None:
    names = sorted({name for item in opened for name in item.case.tags})
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    ids = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
    link = Ticket.tags.through
    link.objects.bulk_create(
        link(ticket_id=item.ticket.pk, tag_id=ids[name]) for item in opened for name in dict.fromkeys(item.case.tags)
    )
