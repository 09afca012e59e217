"""The lists on a ticket's page: a window of the list that the agent came from, and the customer's other tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, QuerySet, Value

from tickets.desk.sorting import Sort
from tickets.models import Ticket
from tickets.paging import BadCursor

AT = "at"  # the address' word for the place that the agent works at
BEFORE, AFTER, OTHERS = 15, 25, 5


@dataclass(frozen=True)
class Neighbours:
    """`rows` is the list with the ticket in its place; `others` are the customer's."""

    rows: Sequence[Ticket]
    others: Sequence[Ticket]
    previous: Ticket | None
    next: Ticket | None


def load_neighbours(
    visible: QuerySet[Ticket], matching: QuerySet[Ticket], sort: Sort, ticket: Ticket, at: str
) -> Neighbours:
    """Tickets of the list before and after a place (`at`, the ticket's own by default), whether or not the ticket
    still fits its filters, and others of its customer. One query: each part is cut short by a query of its keys.

    An answer moves the ticket to another place, while its agent goes on from where they are: hence `at`.
    """
    others = matching.exclude(pk=ticket.pk)
    try:
        place = at or sort.cursor(ticket)
        older = sort.walk(others, place)
        newer = sort.walk(others, sort.cursor(place, backwards=True)) if place else []
    except BadCursor:
        return load_neighbours(visible, matching, sort, ticket, "") if at else Neighbours([ticket], [], None, None)
    theirs = visible.filter(customer=ticket.customer).exclude(pk=ticket.pk).order_by("-last_message", "-pk")
    parts = [("theirs", theirs[:OTHERS]), *(("older", part[:AFTER]) for part in older),
             *(("newer", part[:BEFORE]) for part in newer)]  # fmt: skip
    cut = [_part(name, number, tickets) for number, (name, tickets) in enumerate(parts)]
    found: dict[str, list[Any]] = {"theirs": [], "older": [], "newer": []}
    row: Any
    for row in cut[0].union(*cut[1:], all=True):
        found[row.part].append(row)
    found["theirs"].sort(key=lambda row: (row.last_message, row.pk), reverse=True)
    _order(found["older"], sort, away=sort.descending)
    _order(found["newer"], sort, away=not sort.descending)
    before, after = found["newer"][:BEFORE][::-1], found["older"][:AFTER]
    return Neighbours(
        [*before, ticket, *after], found["theirs"], before[-1] if before else None, after[0] if after else None
    )


def _part(name: str, number: int, tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    chosen = Ticket.objects.filter(pk__in=tickets.values("pk"))
    named = chosen.annotate(part=Value(name, CharField()), turn=Value(number))
    return named.select_related("customer", "category").order_by()


def _order(rows: list[Any], sort: Sort, *, away: bool) -> None:
    """As they are walked away from the place: the parts in their turn, each falling or rising."""
    rows.sort(key=lambda row: (getattr(row, sort.field), row.pk), reverse=away)
    rows.sort(key=lambda row: row.turn)
