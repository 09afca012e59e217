"""Tickets opened by programs, one or a thousand: the same few statements for any number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from tickets import signals
from tickets.models import Category, Classification, Customer, Message, Tag, Team, Ticket, TicketEvent
from tickets.models.choices import Priority, SetBy, Status
from tickets.models.ticket import SUBJECT_LENGTH, subject_from


@dataclass(frozen=True)
class NewTicket:
    """What a program says of a ticket. What is left empty is as for any other ticket."""

    email: str
    body: str
    name: str = ""
    subject: str = ""
    format: str = Message.Format.TEXT
    status: str = Status.OPEN
    priority: str = ""
    category: Category | None = None
    team: Team | None = None
    assignee: User | None = None
    tags: Sequence[str] = ()
    source: str = ""
    external_id: str = ""
    created: datetime | None = None

    @property
    def identity(self) -> tuple[str, str] | None:
        return (self.source, self.external_id) if self.external_id else None


@dataclass(frozen=True)
class Opened:
    """What became of a NewTicket: its id, and whether there was one of its source and external id before."""

    ticket_id: int
    existed: bool


def open_tickets(rows: Sequence[NewTicket], *, channel: str, actor: User, now: datetime) -> list[Opened]:
    """Open a ticket for each row, in order, unless its source and external id are known, or come twice.

    Category, priority and team count as a person's choice: `actor`'s.
    """
    try:
        return _open(rows, channel, actor, now)
    except IntegrityError:  # somebody else has opened one of them since we looked
        return _open(rows, channel, actor, now)


@transaction.atomic
def _open(rows: Sequence[NewTicket], channel: str, actor: User, now: datetime) -> list[Opened]:
    known = _known(rows)
    new: list[NewTicket] = []
    for row in rows:
        if row.identity not in known:
            new.append(row)
            if row.identity:
                known[row.identity] = 0  # the next one of this identity is the same ticket
    customers = _customers(new, now)
    routes = Team.routes()
    tickets = Ticket.objects.bulk_create(_ticket(row, customers, routes, channel, now) for row in new)
    pairs = list(zip(tickets, new, strict=True))
    messages = Message.objects.bulk_create(_message(ticket, row) for ticket, row in pairs)
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket=ticket, kind=TicketEvent.Kind.OPENED, new=channel, actor=actor, created=ticket.created)
        for ticket in tickets
    )
    _label(pairs, actor, now)
    _tag(pairs)
    signals.tell_opened(ticket.pk for ticket in tickets)
    signals.tell_written(messages)
    return _told(rows, pairs, _known(rows))


def _known(rows: Sequence[NewTicket]) -> dict[tuple[str, str] | None, int]:
    """Ids of the tickets there are, by source and external id."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        if row.external_id:
            ids.setdefault(row.source, set()).add(row.external_id)
    asked = Q(pk__in=[])
    for source, external_ids in ids.items():
        asked |= Q(source=source, external_id__in=external_ids)
    # the exclusion is the condition of the unique index, which is not used without it
    found = Ticket.objects.filter(asked).exclude(external_id="").values_list("source", "external_id", "pk")
    return {(source, external_id): pk for source, external_id, pk in found} if ids else {}


def _customers(rows: Sequence[NewTicket], now: datetime) -> dict[str, int]:
    names = {row.email: row.name for row in reversed(rows)}
    there = dict(Customer.objects.filter(email__in=names).values_list("email", "pk"))
    missing = [Customer(email=email, name=name, created=now) for email, name in names.items() if email not in there]
    if missing:
        Customer.objects.bulk_create(missing, ignore_conflicts=True)
        there = dict(Customer.objects.filter(email__in=names).values_list("email", "pk"))
    return there


def _ticket(
    row: NewTicket, customers: Mapping[str, int], routes: Mapping[int, int], channel: str, now: datetime
) -> Ticket:
    routed = routes.get(row.category.pk) if row.category and not row.team else None
    created = row.created or now
    plain = Message(body=row.body, format=row.format).plain
    return Ticket(
        customer_id=customers[row.email],
        subject=(row.subject.strip() or subject_from(plain))[:SUBJECT_LENGTH],
        status=row.status,
        priority=row.priority or Priority.MEDIUM,
        priority_by=SetBy.PERSON if row.priority else SetBy.UNSET,
        category=row.category,
        category_by=SetBy.PERSON if row.category else SetBy.UNSET,
        team_id=row.team.pk if row.team else routed,
        team_by=SetBy.PERSON if row.team else SetBy.RULE if routed else SetBy.UNSET,
        assignee=row.assignee,
        channel=channel,
        source=row.source,
        external_id=row.external_id,
        created=created,
        updated=now,
        last_message=created,
        resolved=created if row.status in {Status.RESOLVED, Status.CLOSED} else None,
    )


def _message(ticket: Ticket, row: NewTicket) -> Message:
    return Message(
        ticket=ticket, kind=Message.Kind.CUSTOMER, body=row.body, format=row.format, created=ticket.created
    )


def _label(pairs: Sequence[tuple[Ticket, NewTicket]], actor: User, now: datetime) -> None:
    before = Classification.values_of(Ticket(priority=Priority.MEDIUM))
    stored = Classification.objects.bulk_create(
        Classification(
            ticket=ticket, category=row.category, priority=row.priority, source=SetBy.PERSON, author=actor,
            category_applied=row.category is not None, priority_applied=bool(row.priority), replaced=before,
            created=now,
        )
        for ticket, row in pairs
        if row.category or row.priority
    )  # fmt: skip
    signals.tell_labelled(stored)


def _tag(pairs: Sequence[tuple[Ticket, NewTicket]]) -> None:
    wanted = {ticket.pk: {name.strip() for name in row.tags if name.strip()} for ticket, row in pairs}
    names = sorted(set().union(*wanted.values()))
    if not names:
        return
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    ids = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
    link = Ticket.tags.through
    link.objects.bulk_create(link(ticket_id=pk, tag_id=ids[name]) for pk, own in wanted.items() for name in own)


def _told(
    rows: Sequence[NewTicket],
    pairs: Sequence[tuple[Ticket, NewTicket]],
    known: Mapping[tuple[str, str] | None, int],
) -> list[Opened]:
    opened = {id(row): ticket.pk for ticket, row in pairs}
    return [
        Opened(opened[id(row)], False) if id(row) in opened else Opened(known[row.identity], True) for row in rows
    ]
