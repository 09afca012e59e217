"""Tickets as lines of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr

from tickets.models import Message, Ticket
from tickets.paging import Page, keyset_page
from tickets.text import html_to_text

PAGE_SIZE = 50
_HEAD = 2000  # characters of a message looked at for its snippet: HTML mail begins with much that is not seen
_SNIPPET = 160


@dataclass(frozen=True)
class Row:
    ticket: Ticket
    snippet: str
    answered: bool  # the last message is ours


def list_page(tickets: QuerySet[Ticket], cursor: str = "", size: int = PAGE_SIZE) -> Page[Ticket]:
    """One page, the last message first. Raises BadCursor."""
    related = tickets.select_related("customer", "category", "team", "assignee")
    return keyset_page(related, field="last_message", cursor=cursor, size=size)


def rows_of(tickets: Sequence[Ticket]) -> list[Row]:
    """Tickets with the beginning of their last message, one query for all. Notes are not part of what was said."""
    said = Message.objects.exclude(kind=Message.Kind.NOTE)
    newest = said.filter(ticket=OuterRef("ticket")).order_by("-created", "-pk").values("pk")[:1]
    last = said.filter(ticket__in=tickets, pk=Subquery(newest)).values(
        "ticket_id", "kind", "format", head=Substr(F("body"), 1, _HEAD)
    )
    by_ticket = {message["ticket_id"]: message for message in last}
    return [_row(ticket, by_ticket.get(ticket.pk)) for ticket in tickets]


def _row(ticket: Ticket, last: Mapping[str, Any] | None) -> Row:
    if last is None:
        return Row(ticket, "", False)
    text = html_to_text(last["head"]) if last["format"] == Message.Format.HTML else last["head"]
    return Row(ticket, " ".join(text.split())[:_SNIPPET], last["kind"] == Message.Kind.REPLY)
