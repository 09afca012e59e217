"""The orders of the inbox, each a keyset that an index serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tickets.models import Ticket
from tickets.models.choices import Status
from tickets.models.ranks import URGENCY, Urgency
from tickets.paging import Page, cursor_of, keyset_page, rows_from

LAST_MESSAGE = ""


@dataclass(frozen=True)
class Sort:
    """`status` is the one that an order is about, where no other was asked for."""

    name: Any
    field: str = "last_message"
    descending: bool = True
    group: str = ""
    groups: tuple[int, ...] = ()
    status: str = ""

    def narrow(self, tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
        """Only what has a place in this order."""
        if self.group:
            tickets = tickets.annotate(**{self.group: Urgency()})
        return tickets if self.field == "last_message" else tickets.filter(**{f"{self.field}__isnull": False})

    def page(
        self, tickets: QuerySet[Ticket], cursor: str, size: int, rows: QuerySet[Ticket] | None = None
    ) -> Page[Ticket]:
        """Raises BadCursor. `rows` as for keyset_page."""
        return keyset_page(
            tickets, field=self.field, cursor=cursor, size=size, descending=self.descending,
            group=self.group, groups=self.groups, rows=None if rows is None else self.narrow(rows),
        )  # fmt: skip

    def walk(self, tickets: QuerySet[Ticket], cursor: str) -> list[QuerySet[Ticket]]:
        """Tickets from a cursor on, group by group, in the order that leads away from it. Raises BadCursor."""
        return rows_from(
            tickets, field=self.field, cursor=cursor, descending=self.descending, group=self.group, groups=self.groups
        )

    def cursor(self, place: Ticket | str, *, backwards: bool = False) -> str:
        """The cursor of the page after a ticket or a place, or before it; of a ticket that has no place in this
        order, the beginning. Raises BadCursor."""
        if isinstance(place, Ticket):
            if getattr(place, self.field) is None:
                return ""
            if self.group:
                setattr(place, self.group, URGENCY[place.priority])
        return cursor_of(self.field, place, backwards=backwards, group=self.group)


SORTS = {
    LAST_MESSAGE: Sort(_("Last message")),
    "waiting": Sort(_("Longest waiting"), field="waiting_since", descending=False, status=Status.OPEN),
    "priority": Sort(_("Priority"), group="urgency", groups=tuple(URGENCY.values())),
}
