"""Tickets as lines of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr

from tickets.desk.sorting import LAST_MESSAGE, SORTS, Sort
from tickets.fulltext import Piece
from tickets.models import Message, Ticket
from tickets.paging import Page
from tickets.search import Highlight, highlights
from tickets.text import html_to_text

PAGE_SIZE = 50
_HEAD = 2000  # characters of a message looked at for its snippet: HTML mail begins with much that is not seen
_SNIPPET = 160
_SHOWN = ("customer", "category", "team", "assignee")


@dataclass(frozen=True)
class Row:
    ticket: Ticket
    snippet: str
    answered: bool  # the last message is ours
    found: Highlight | None = None  # where a search hit

    @property
    def subject(self) -> Sequence[Piece]:
        return self.found.subject if self.found else [Piece(self.ticket.subject)]


def list_page(
    tickets: QuerySet[Ticket],
    cursor: str = "",
    size: int = PAGE_SIZE,
    sort: Sort = SORTS[LAST_MESSAGE],
    *,
    searched: bool = False,
) -> Page[Ticket]:
    """One page in the order of `sort`. What was `searched` for may have to be sorted first. Raises BadCursor."""
    if searched:
        return sort.page(tickets, cursor, size, rows=Ticket.objects.select_related(*_SHOWN))
    return sort.page(tickets.select_related(*_SHOWN), cursor, size)


def rows_of(tickets: Sequence[Ticket], text: str = "") -> list[Row]:
    """Tickets with the beginning of their last message, one query for all. Notes are not part of what was said.
    With the `text` of a search, where in them it was found, in one query more."""
    found = highlights(tickets, text) if text else {}
    said = Message.objects.exclude(kind=Message.Kind.NOTE)
    newest = said.filter(ticket=OuterRef("ticket")).order_by("-created", "-pk").values("pk")[:1]
    last = said.filter(ticket__in=tickets, pk=Subquery(newest)).values(
        "ticket_id", "kind", "format", head=Substr(F("body"), 1, _HEAD)
    )
    by_ticket = {message["ticket_id"]: message for message in last}
    return [_row(ticket, by_ticket.get(ticket.pk), found.get(ticket.pk)) for ticket in tickets]


def _row(ticket: Ticket, last: Mapping[str, Any] | None, found: Highlight | None) -> Row:
    if last is None:
        return Row(ticket, "", False, found)
    text = html_to_text(last["head"]) if last["format"] == Message.Format.HTML else last["head"]
    return Row(ticket, " ".join(text.split())[:_SNIPPET], last["kind"] == Message.Kind.REPLY, found)
