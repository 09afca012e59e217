"""What a ticket's thread is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.utils.safestring import SafeString, mark_safe

from tickets.models import Message, Ticket, TicketEvent
from tickets.models.choices import Priority
from tickets.text import markdown_to_html, safe_html

TOGETHER = timedelta(minutes=1)  # changes of one person within this time stand in one line
FEW = 4  # lines of changes in a row that are shown unfolded
_ALONE = {TicketEvent.Kind.OPENED, TicketEvent.Kind.REVIEW, TicketEvent.Kind.SNOOZE}
_PLACE = re.compile(r"(\d{4}-[0-9T:.+-]{15,40})~(\d)~(\d{1,18})")


@dataclass(frozen=True, order=True)
class Place:
    """Where in a thread an entry stands; entries of one moment are ordered by their rank."""

    created: datetime
    rank: int
    pk: int

    def __str__(self) -> str:
        return f"{self.created.isoformat()}~{self.rank}~{self.pk}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place that an address names; None when it names none."""
        found = _PLACE.fullmatch(text.replace(" ", "+"))
        try:
            created = datetime.fromisoformat(found[1]) if found else None
            if not found or not created or not created.tzinfo:
                return None
            return cls(created.astimezone(UTC), int(found[2]), int(found[3]))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class AttachmentEntry:
    pk: int
    name: str
    size: int
    is_picture: bool


@dataclass(frozen=True)
class MessageEntry:
    pk: int
    kind: str
    author: str
    body: str
    format: str
    delivery: str
    created: datetime
    sender: str = ""
    trust: str = ""
    folded: str = ""
    remarks: str = ""
    automatic: bool = False
    attachments: list[AttachmentEntry] = field(default_factory=list)
    template = "tickets/parts/message.html"

    @cached_property
    def html(self) -> SafeString | None:
        """The body as safe HTML; None for plain text, which the template shows as it is."""
        if self.format == Message.Format.TEXT:
            return None
        clean = safe_html(self.body) if self.format == Message.Format.HTML else markdown_to_html(self.body)
        return mark_safe(clean)  # noqa: S308  both functions return sanitised HTML

    @property
    def delivery_name(self) -> str:
        return "" if self.delivery == Message.Delivery.NONE else str(Message.Delivery(self.delivery).label)

    @property
    def undelivered(self) -> bool:
        return self.delivery in {Message.Delivery.FAILED, Message.Delivery.UNCERTAIN, Message.Delivery.BOUNCED}

    @property
    def resendable(self) -> bool:
        """Whether a click may send it (again): it has not arrived, or waits for its next attempt."""
        waits = self.delivery == Message.Delivery.QUEUED and bool(self.remarks)
        return self.undelivered or waits or self.delivery == Message.Delivery.OFF

    @property
    def doubted(self) -> str:
        """What to say of a sender who may be somebody else; empty for all others."""
        in_doubt = {Message.Trust.UNVERIFIED, Message.Trust.FORGED}
        return str(Message.Trust(self.trust).label) if self.trust in in_doubt else ""


@dataclass(frozen=True)
class EventEntry:
    pk: int
    kind: str
    actor: str
    old: str
    new: str
    cause: str
    created: datetime
    template = "tickets/parts/event.html"

    @property
    def kind_name(self) -> str:
        return str(TicketEvent.Kind(self.kind).label)

    @property
    def changes(self) -> list[EventEntry]:
        return [self]


@dataclass(frozen=True)
class ProposalEntry:
    """What the AI said. `category` is a slug; `category_name` what people call it."""

    pk: int
    model: str
    category: str
    category_name: str
    priority: str
    confidence: float | None
    reason: str
    created: datetime
    template = "tickets/parts/proposal.html"

    @property
    def priority_name(self) -> str:
        return str(Priority(self.priority).label) if self.priority else ""

    def is_on(self, ticket: Ticket) -> bool:
        """Whether the ticket carries exactly these labels."""
        slug = ticket.category.slug if ticket.category else ""
        return (slug, ticket.priority) == (self.category, self.priority)


Entry = MessageEntry | EventEntry | ProposalEntry


@dataclass(frozen=True)
class Changes:
    """What one person changed at about one time: one line."""

    changes: list[EventEntry]
    template = "tickets/parts/event.html"

    @property
    def first(self) -> EventEntry:
        return self.changes[0]

    def takes(self, entry: EventEntry) -> bool:
        alone = {entry.kind, self.first.kind} & _ALONE
        same = (entry.actor, entry.cause) == (self.first.actor, self.first.cause)
        return same and not alone and entry.created - self.first.created <= TOGETHER


@dataclass(frozen=True)
class Fold:
    """Many changes in a row, opened by a click."""

    lines: list[Changes | ProposalEntry]
    template = "tickets/parts/events_fold.html"


@dataclass(frozen=True)
class Unsent:
    """What was typed and not sent. `other` was typed elsewhere, and replaced without having been seen."""

    body: str = ""
    draft: str = ""
    other: str = ""
    revision: int = 0


def lines_of(entries: Iterable[Entry]) -> list[MessageEntry | ProposalEntry | Changes | Fold]:
    """Entries as a page shows them: changes made together in one line, long runs of them folded."""
    lines: list[MessageEntry | ProposalEntry | Changes | Fold] = []
    run: list[Changes | ProposalEntry] = []
    for entry in entries:
        if isinstance(entry, MessageEntry):
            lines += [*_folded(run), entry]
            run = []
        elif isinstance(entry, ProposalEntry):
            run.append(entry)
        elif run and isinstance(run[-1], Changes) and run[-1].takes(entry):
            run[-1].changes.append(entry)
        else:
            run.append(Changes([entry]))
    return [*lines, *_folded(run)]


def _folded(run: list[Changes | ProposalEntry]) -> list[Changes | ProposalEntry | Fold]:
    return list(run) if len(run) <= FEW else [Fold(run[:-1]), run[-1]]
