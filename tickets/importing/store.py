"""Batches of rows into the database: a fixed number of statements each, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tickets import signals
from tickets.importing.names import Names
from tickets.importing.rows import Row
from tickets.models import Classification, Customer, ImportedRow, Message, Tag, Ticket, TicketEvent
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.models.ticket import SUBJECT_LENGTH, subject_from
from tickets.text import html_to_text, looks_like_html


@dataclass(frozen=True)
class Entry:
    """A row with its identity in the source."""

    key: str
    row: Row

    @property
    def ticket_key(self) -> str:
        """The external id of the ticket that the row belongs to; "" for a ticket without one."""
        return self.row.thread or self.row.external_id


class Store:
    """Writes the rows of one source. `now` is the time of rows that have none."""

    def __init__(self, source: str, names: Names, now: datetime) -> None:
        self._source = source
        self._names = names
        self._now = now

    def known(self, entries: Sequence[Entry]) -> set[str]:
        """The keys of the rows that were imported before, or whose ticket came from the source in another way."""
        rows = ImportedRow.objects.filter(source=self._source, key__in=[entry.key for entry in entries])
        ids = {entry.row.external_id: entry.key for entry in entries if entry.row.external_id}
        others = self._with_external_id(ids).exclude(channel=Channel.IMPORT)
        there = others.values_list("external_id", flat=True)
        return set(rows.values_list("key", flat=True)) | {ids[external_id] for external_id in there}

    @transaction.atomic
    def add(self, entries: Sequence[Entry]) -> None:
        """Store rows that are not known. The first row of a thread opens its ticket and gives it its properties, the
        others are messages of it, also when the ticket came with an earlier import."""
        customers = self._customers(entries)
        tickets = self._tickets_there_are(entries)
        before = {ticket.pk for ticket in tickets.values()}
        openers: list[tuple[Ticket, Row]] = []
        messages: list[Message] = []
        for entry in entries:
            ticket = tickets.get(entry.ticket_key) if entry.ticket_key else None
            author = self._names.addresses.get(entry.row.email) if ticket else None
            if ticket is None:
                ticket = self._ticket(entry, customers)
                openers.append((ticket, entry.row))
                if entry.ticket_key:
                    tickets[entry.ticket_key] = ticket
            messages.append(self._message(ticket, entry.row, author))
            _stretch(ticket, messages[-1])
        opened = Ticket.objects.bulk_create(_settled(ticket) for ticket, _row in openers)
        Message.objects.bulk_create(messages)
        ImportedRow.objects.bulk_create(
            ImportedRow(ticket=message.ticket, source=self._source, key=entry.key)
            for entry, message in zip(entries, messages, strict=True)
        )
        self._describe(openers)
        self._touch({message.ticket for message in messages if message.ticket_id in before})
        signals.tell_opened(ticket.pk for ticket in opened)

    def _customers(self, entries: Sequence[Entry]) -> dict[str, int]:
        """Address -> id, with "" for the one who stands for all rows without an address."""
        nobody = _placeholder(self._source)
        names = {entry.row.email: entry.row.name for entry in reversed(entries) if entry.row.email}
        if any(not entry.row.email for entry in entries):
            names[nobody] = _("Unknown (%(source)s)") % {"source": self._source}
        seen: dict[str, datetime] = {}
        for entry in entries:
            email, moment = entry.row.email or nobody, entry.row.created or self._now
            seen[email] = min(seen.get(email, moment), moment)
        there = {customer.email: customer for customer in Customer.objects.filter(email__in=names)}
        _seen_since(there.values(), seen)
        missing = [
            Customer(email=email, name=names[email], created=seen[email]) for email in names if email not in there
        ]
        if missing:
            Customer.objects.bulk_create(missing, ignore_conflicts=True)
            there = {customer.email: customer for customer in Customer.objects.filter(email__in=names)}
        ids = {email: customer.pk for email, customer in there.items()}
        return ids | {"": ids.get(nobody, 0)}

    def _tickets_there_are(self, entries: Sequence[Entry]) -> dict[str, Ticket]:
        keys = {entry.ticket_key for entry in entries} - {""}
        tickets = self._with_external_id(keys).select_for_update()
        return {ticket.external_id: ticket for ticket in tickets}

    def _with_external_id(self, ids: Iterable[str]) -> QuerySet[Ticket]:
        # the index is only over ids that are not empty: without the exclusion every batch would read all tickets
        return Ticket.objects.filter(source=self._source, external_id__in=ids).exclude(external_id="")

    def _ticket(self, entry: Entry, customers: dict[str, int]) -> Ticket:
        row, names = entry.row, self._names
        category, team = names.category(row), names.team(row)
        routed = names.routes.get(category) if category and not team else None
        created = row.created or self._now
        return Ticket(
            customer_id=customers[row.email],
            subject=_subject(row),
            status=row.status or Status.OPEN,
            priority=row.priority or Priority.MEDIUM,
            priority_by=SetBy.PERSON if row.priority else SetBy.UNSET,
            category_id=category,
            category_by=SetBy.PERSON if category else SetBy.UNSET,
            team_id=team or routed,
            team_by=SetBy.PERSON if team else SetBy.RULE if routed else SetBy.UNSET,
            assignee_id=names.assignee(row),
            channel=Channel.IMPORT,
            source=self._source,
            external_id=entry.ticket_key,
            created=created,
            updated=self._now,
            last_message=created,
        )

    def _message(self, ticket: Ticket, row: Row, author: int | None) -> Message:
        """What somebody with an account here wrote into a thread is a reply, long since delivered."""
        return Message(
            ticket=ticket,
            kind=Message.Kind.REPLY if author else Message.Kind.CUSTOMER,
            author_id=author,
            body=row.body,
            format=Message.Format.HTML if looks_like_html(row.body) else Message.Format.TEXT,
            created=row.created or self._now,
        )

    def _describe(self, openers: Sequence[tuple[Ticket, Row]]) -> None:
        """The tags, the opening event and the labels of new tickets."""
        opened = {"kind": TicketEvent.Kind.OPENED, "new": Channel.IMPORT, "cause": self._source}
        TicketEvent.objects.bulk_create(
            TicketEvent(ticket=ticket, created=ticket.created, **opened) for ticket, _row in openers
        )
        Classification.objects.bulk_create(
            self._classification(ticket) for ticket, row in openers if row.priority or ticket.category_id
        )
        tags = {ticket.pk: self._names.tags(row) for ticket, row in openers}
        wanted = sorted({name for names in tags.values() for name in names})
        Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
        ids = dict(Tag.objects.filter(name__in=wanted).values_list("name", "pk"))
        link = Ticket.tags.through
        link.objects.bulk_create(link(ticket_id=pk, tag_id=ids[name]) for pk, names in tags.items() for name in names)

    def _classification(self, ticket: Ticket) -> Classification:
        labelled_priority = ticket.priority_by == SetBy.PERSON
        blank = Ticket(priority=Priority.MEDIUM)
        return Classification(
            ticket=ticket,
            category_id=ticket.category_id,
            priority=ticket.priority if labelled_priority else "",
            reason=_("Imported from %(source)s.") % {"source": self._source},
            source=SetBy.PERSON,
            category_applied=ticket.category_id is not None,
            priority_applied=labelled_priority,
            replaced=Classification.values_of(blank),
            created=self._now,
        )

    def _touch(self, tickets: set[Ticket]) -> None:
        for ticket in tickets:
            ticket.updated = self._now
            ticket.version = F("version") + 1
        fields = ["created", "last_message", "first_response", "updated", "version"]
        Ticket.objects.bulk_update(list(tickets), fields)
        signals.tell_changed([ticket.pk for ticket in tickets], "message")


def _subject(row: Row) -> str:
    if row.subject:
        return row.subject if len(row.subject) <= SUBJECT_LENGTH else row.subject[: SUBJECT_LENGTH - 1] + "…"
    return subject_from(html_to_text(row.body) if looks_like_html(row.body) else row.body)


def _stretch(ticket: Ticket, message: Message) -> None:
    """Rows of a thread come in any order."""
    ticket.created = min(ticket.created, message.created)
    ticket.last_message = max(ticket.last_message, message.created)
    if message.kind == Message.Kind.REPLY:
        ticket.first_response = min(ticket.first_response or message.created, message.created)


def _seen_since(customers: Iterable[Customer], seen: Mapping[str, datetime]) -> None:
    """Who wrote earlier than they are known for is dated back."""
    late = [customer for customer in customers if customer.created > seen[customer.email]]
    for customer in late:
        customer.created = seen[customer.email]
    if late:
        Customer.objects.bulk_update(late, ["created"])


def _settled(ticket: Ticket) -> Ticket:
    if ticket.status in {Status.RESOLVED, Status.CLOSED}:
        ticket.resolved = ticket.last_message
    return ticket


def _placeholder(source: str) -> str:
    mark = blake2b(source.encode(), digest_size=4).hexdigest()
    return f"{slugify(source)[:40] or 'import'}-{mark}@import.invalid"
