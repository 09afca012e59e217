"""What a model reads of a ticket: its subject, how it began and what was said last, as bounded plain text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum, Window
from django.db.models.functions import Left, Length, RowNumber

from tickets.models import Message, Ticket

LATEST = 3
# Markup is longer than its text; this much of a body is read to fill the allowance, however long the mail.
READ_AHEAD = 20


@dataclass(frozen=True)
class TicketText:
    """`text` is at most TRIAGE_BODY_CHARS long, `subject` at most 255."""

    subject: str
    text: str


def texts_of(ticket_ids: Collection[int], subjects: Mapping[int, str] | None = None) -> dict[int, TicketText]:
    """Ticket id -> its text, in two queries, or one where the `subjects` are known; deleted tickets are left out.
    Notes are never read."""
    limit = settings.TRIAGE_BODY_CHARS
    if subjects is None:
        subjects = dict(Ticket.objects.filter(pk__in=ticket_ids).values_list("pk", "subject"))
    threads: dict[int, list[Message]] = {ticket_id: [] for ticket_id in subjects}
    rows = _messages(ticket_ids, limit * READ_AHEAD).values_list("ticket_id", "kind", "format", "head")
    for ticket_id, kind, form, head in rows:
        if ticket_id in threads:
            threads[ticket_id].append(Message(kind=kind, format=form, body=head))
    return {pk: TicketText(subjects[pk], _joined(thread, limit)) for pk, thread in threads.items()}


def texts_and_lengths(ticket_ids: QuerySet[Any]) -> list[tuple[TicketText, int]]:
    """The texts of tickets that a query names, in one query, each with the characters of its whole thread as the
    database counts them; tickets without a message are left out."""
    limit = settings.TRIAGE_BODY_CHARS
    threads: dict[int, list[Message]] = {}
    known: dict[int, tuple[str, int]] = {}
    length = Window(Sum(Length("body")), F("ticket_id"))
    rows = _messages(ticket_ids, limit * READ_AHEAD).annotate(length=length)
    columns = ("ticket_id", "kind", "format", "head", "ticket__subject", "length")
    for ticket_id, kind, form, head, subject, characters in rows.values_list(*columns):
        threads.setdefault(ticket_id, []).append(Message(kind=kind, format=form, body=head))
        known[ticket_id] = (subject, characters)
    return [(TicketText(known[pk][0], _joined(thread, limit)), known[pk][1]) for pk, thread in threads.items()]


def _messages(ticket_ids: Collection[int] | QuerySet[Any], read: int) -> QuerySet[Any]:
    """First and latest messages of each thread, oldest first, each cut in the database."""
    thread = F("ticket_id")
    return (
        Message.objects.filter(ticket__in=ticket_ids)
        .exclude(kind=Message.Kind.NOTE)
        .annotate(
            from_start=Window(RowNumber(), thread, [F("created").asc(), F("id").asc()]),
            from_end=Window(RowNumber(), thread, [F("created").desc(), F("id").desc()]),
            head=Left("body", read),
        )
        .filter(Q(from_start=1) | Q(from_end__lte=LATEST))
        .order_by("ticket_id", "created", "id")
    )


def _joined(thread: list[Message], limit: int) -> str:
    """The first message and the latest ones; the first may take what is left, but at least half."""
    if not thread:
        return ""
    first, *later = [_line(message, bool(number)) for number, message in enumerate(thread)]
    room = limit - min(len(first), limit // 2)
    kept: list[str] = []
    for text in reversed(later):
        if room < 20:
            break
        kept.insert(0, text[: room - 1])
        room -= len(kept[0]) + 1
    used = sum(len(text) + 1 for text in kept)
    return "\n".join([first[: limit - used], *kept])


def _line(message: Message, names_author: bool) -> str:
    text = message.plain.replace("\x00", "").strip()
    if not names_author:
        return text
    return f"[{'customer' if message.kind == Message.Kind.CUSTOMER else 'support'}] {text}"
