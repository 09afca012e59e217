"""A ticket's thread: its beginning and its newest entries, with a fold between them where it is long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from tickets.desk.entries import (
    AttachmentEntry,
    Entry,
    EventEntry,
    MessageEntry,
    Place,
    ProposalEntry,
    Unsent,
    lines_of,
)
from tickets.desk.thread_rows import HEAD, Row, read_rows
from tickets.models import Message, Ticket, TicketEvent
from tickets.models.attachment import PICTURES
from tickets.models.choices import Channel, Priority, Status
from tickets.people import display_name
from tickets.templatetags.moments import written

__all__ = ["EventEntry", "MessageEntry", "ProposalEntry", "Thread", "load_thread"]

NEWEST, EARLIER, LIVE = 40, 100, 200  # entries: at first, for each look further back, and on a page that stays open
_Names = Mapping[str, Mapping[str, Any]]  # kind of event -> stored value -> what the page calls it
_NAMES: dict[str, Mapping[str, Any]] = {
    TicketEvent.Kind.OPENED: dict(Channel.choices),
    TicketEvent.Kind.STATUS: dict(Status.choices),
    TicketEvent.Kind.PRIORITY: dict(Priority.choices),
}


@dataclass(frozen=True)
class Thread:
    """`entries` from old to new. With `more`, others lie between `opening`, how the ticket began, and them."""

    entries: list[Entry]
    more: bool = False
    opening: list[Entry] = field(default_factory=list)
    hidden: int = 0  # messages that are not shown
    start: Place | None = None  # of the first of the entries
    proposal: ProposalEntry | None = None  # the AI's latest
    held: dict[str, list[AttachmentEntry]] = field(default_factory=dict)  # kind of message -> files waiting for it
    unsent: dict[str, Unsent] = field(default_factory=dict)  # kind of message -> what the user has typed

    @property
    def lines(self) -> list[Any]:
        return lines_of(self.entries)

    @property
    def opening_lines(self) -> list[Any]:
        return lines_of(self.opening)

    @property
    def shown(self) -> int:
        """How many messages are among the entries."""
        return sum(isinstance(entry, MessageEntry) for entry in self.entries)

    @property
    def last_message(self) -> int:
        """The id of the newest message shown, 0 for none."""
        return max((entry.pk for entry in self.entries if isinstance(entry, MessageEntry)), default=0)

    @property
    def delivery(self) -> str:
        """How far the newest message shown has come."""
        messages = [entry for entry in self.entries if isinstance(entry, MessageEntry)]
        return messages[-1].delivery if messages else ""


def load_thread(
    ticket: Ticket,
    categories: Mapping[str, str],
    *,
    user_id: int | None = None,
    before: Place | None = None,
    since: Place | None = None,
) -> Thread:
    """One query. `categories` are names by slug, for events, which keep slugs. `user_id` is whose unsent text and
    files come with it. `before` looks further back; `since` asks for all from a place on, as far as LIVE reaches."""
    size = LIVE if since else EARLIER if before else NEWEST
    rows = read_rows(ticket, user_id, before, size)
    kinds: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        kinds[row[3]].append(row)
    reader = _Reader(ticket, _NAMES | {TicketEvent.Kind.CATEGORY: categories}, _files(kinds["attachment"]))
    said = sorted([*kinds["message"], *kinds["event"], *kinds["proposal"]], key=_place)
    inside = [row for row in said if before is None or _place(row) < before]
    newest, rest = inside[-size:], inside[:-size]
    if since:
        newest = [row for row in newest if _place(row) >= since]
    opening = rest[:HEAD]
    latest = max(kinds["proposal"], key=_place, default=None)
    shown = sum(row[3] == "message" for row in [*newest, *opening])
    total = int(kinds["message"][0][16]) if kinds["message"] else 0
    return Thread(
        entries=[reader.entry(row) for row in newest],
        more=len(rest) > len(opening),
        opening=[reader.entry(row) for row in opening],
        hidden=max(total - shown, 0),
        start=_place(newest[0]) if newest else None,
        proposal=reader.proposal(latest) if latest else None,
        held=reader.held,
        unsent={row[7]: Unsent(row[8], row[10], row[9], int(row[11])) for row in kinds["unsent"]},
    )


def _place(row: Row) -> Place:
    return Place(*row[:3])


def _files(rows: Sequence[Row]) -> dict[str, list[AttachmentEntry]]:
    """Attachments by the id of their message, those without one by the kind of message they wait for."""
    files: defaultdict[str, list[AttachmentEntry]] = defaultdict(list)
    for row in sorted(rows, key=_place):
        message_id, name, detected, size, waits_for = row[7:12]
        files[message_id or waits_for].append(AttachmentEntry(row[2], name, int(size), detected in PICTURES))
    return files


@dataclass(frozen=True)
class _Reader:
    """Rows of one ticket turned into entries."""

    ticket: Ticket
    names: _Names
    files: dict[str, list[AttachmentEntry]]

    @property
    def held(self) -> dict[str, list[AttachmentEntry]]:
        return {kind: self.files.get(kind, []) for kind in (Message.Kind.REPLY, Message.Kind.NOTE)}

    def entry(self, row: Row) -> Entry:
        what = row[3]
        return self.message(row) if what == "message" else self.event(row) if what == "event" else self.proposal(row)

    def message(self, row: Row) -> MessageEntry:
        created, _rank, pk, _what, username, first, last, kind, body, markup, delivery, *mail = row
        sender, trust, folded, remarks, automatic, _total = mail
        who = display_name(first or "", last or "", username or "") or _("Someone who has left")
        author = str(self.ticket.customer) if kind == Message.Kind.CUSTOMER else who
        return MessageEntry(
            pk, kind, author, body=body, format=markup, delivery=delivery, created=created, sender=sender,
            trust=trust, folded=folded, remarks=remarks, automatic=automatic.lower() in {"1", "true", "t"},
            attachments=self.files.get(str(pk), []),
        )  # fmt: skip

    def event(self, row: Row) -> EventEntry:
        created, _rank, pk, _what, username, first, last, kind, *values = row
        stored, cause, people = values[:2], values[2], values[3:5]
        who = display_name(first or "", last or "", username or "")
        old, new = (
            (person or "").strip() or self._name(kind, value) for value, person in zip(stored, people, strict=True)
        )
        return EventEntry(pk, kind, who, old, new, cause=cause, created=created)

    def proposal(self, row: Row) -> ProposalEntry:
        slug, reason, priority, confidence, model = row[7:12]
        name = self.names[TicketEvent.Kind.CATEGORY].get(slug, slug or "")
        sure = float(confidence) if confidence else None
        return ProposalEntry(row[2], model, slug or "", name, priority, sure, reason=reason, created=row[0])

    def _name(self, kind: str, value: str) -> str:
        if kind == TicketEvent.Kind.SNOOZE and value:
            return written(datetime.fromisoformat(value))
        return str(self.names.get(kind, {}).get(value, value))
