"""A ticket's thread: messages, the changes between them and what the AI proposed, in one query,
and one more for the names of assignees where there were any.

The newest ENTRIES are read; a ticket with a longer history says how to see all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, CharField, F, IntegerField, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tickets.models import Message, Ticket, TicketEvent
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.people import display_name
from tickets.text import markdown_to_html, safe_html

ENTRIES = 200
_NEVER = 1_000_000
_Names = Mapping[str, Mapping[str, Any]]  # kind of event -> stored value -> what the page calls it
_NAMES: dict[str, Mapping[str, Any]] = {
    TicketEvent.Kind.OPENED: dict(Channel.choices),
    TicketEvent.Kind.STATUS: dict(Status.choices),
    TicketEvent.Kind.PRIORITY: dict(Priority.choices),
}


@dataclass(frozen=True)
class MessageEntry:
    pk: int
    kind: str
    author: str
    body: str
    format: str
    delivery: str
    created: datetime
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
class Thread:
    """Entries from old to new; `more` when older ones were left out."""

    entries: list[Entry]
    more: bool

    @property
    def proposal(self) -> ProposalEntry | None:
        """The AI's latest."""
        return next((entry for entry in reversed(self.entries) if isinstance(entry, ProposalEntry)), None)


def load_thread(ticket: Ticket, categories: Mapping[str, str], *, whole: bool = False) -> Thread:
    """`categories` are names by slug, for events, which keep slugs."""
    parts = _messages(ticket).union(_events(ticket), _proposals(ticket), all=True)
    limit = _NEVER if whole else ENTRIES
    rows = list(parts.order_by("-a_created", "-b_rank", "-c_pk")[: limit + 1])
    names = _NAMES | {TicketEvent.Kind.CATEGORY: categories, TicketEvent.Kind.ASSIGNEE: _people(rows)}
    entries = [_entry(row, ticket, names) for row in reversed(rows[:limit])]
    return Thread(entries, more=len(rows) > limit)


def _columns(rank: Any, what: str, who: str, **texts: Any) -> dict[str, Any]:
    """The columns that all three parts of the union have, in the order of their names."""
    names = {name: F(f"{who}__{name}") if who else None for name in ("username", "first_name", "last_name")}
    return {
        "a_created": F("created"),
        "b_rank": rank,
        "c_pk": F("pk"),
        "d_what": Value(what, CharField()),
        "e_user": Cast(names["username"] or Value(""), TextField()),
        "f_first": Cast(names["first_name"] or Value(""), TextField()),
        "g_last": Cast(names["last_name"] or Value(""), TextField()),
    } | {name: Cast(texts.get(name, Value("")), TextField()) for name in ("h", "i", "j", "k", "l")}


def _messages(ticket: Ticket) -> QuerySet:
    columns = _columns(
        Value(1, IntegerField()), "message", "author",
        h=F("kind"), i=F("body"), j=F("format"), k=F("delivery"),
    )  # fmt: skip
    return ticket.messages.order_by().annotate(**columns).values_list(*columns)


def _events(ticket: Ticket) -> QuerySet:
    """At one moment the opening comes before the first message, every other change after what was written."""
    rank = Case(When(kind=TicketEvent.Kind.OPENED, then=Value(0)), default=Value(3), output_field=IntegerField())
    columns = _columns(rank, "event", "actor", h=F("kind"), i=F("old"), j=F("new"), k=F("cause"))
    return ticket.events.order_by().annotate(**columns).values_list(*columns)


def _proposals(ticket: Ticket) -> QuerySet:
    columns = _columns(
        Value(2, IntegerField()), "proposal", "",
        h=F("category__slug"), i=F("reason"), j=F("priority"), k=F("confidence"), l=F("model"),
    )  # fmt: skip
    by_ai = ticket.classifications.filter(source=SetBy.RELAY)
    return by_ai.order_by().annotate(**columns).values_list(*columns)


def _people(rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
    """The names of those whom events of `rows` name as assignees, by the user name that is stored there."""
    events = [(old, new) for *_, what, _u, _f, _l, kind, old, new, _k, _m in rows
              if (what, kind) == ("event", TicketEvent.Kind.ASSIGNEE)]  # fmt: skip
    usernames = {name for pair in events for name in pair if name}
    if not usernames:
        return {}
    users = User.objects.filter(username__in=usernames).values_list("first_name", "last_name", "username")
    return {username: display_name(first, last, username) for first, last, username in users}


def _entry(row: tuple[Any, ...], ticket: Ticket, names: _Names) -> Entry:
    created, _rank, pk, what, username, first, last, h, i, j, k, model = row
    who = display_name(first or "", last or "", username or "")
    if what == "message":
        author = str(ticket.customer) if h == Message.Kind.CUSTOMER else who or _("Someone who has left")
        return MessageEntry(pk, h, author, body=i, format=j, delivery=k, created=created)
    if what == "event":
        old, new = (str(names.get(h, {}).get(value, value)) for value in (i, j))
        return EventEntry(pk, h, who, old, new, cause=k, created=created)
    confidence = float(k) if k else None
    category = names[TicketEvent.Kind.CATEGORY].get(h, h or "")
    return ProposalEntry(pk, model, h or "", category, j, confidence, reason=i, created=created)
