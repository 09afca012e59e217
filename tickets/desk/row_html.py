"""The lines of a list of tickets as HTML, without a template: fifty of them stand on the page people open most, and
forty beside a ticket.

Everything that comes from a ticket is escaped here. Words and labels are made once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tickets.desk.filters import Filters
from tickets.desk.rows import Row
from tickets.fulltext import Piece
from tickets.models import Ticket
from tickets.models.choices import Status
from tickets.people import display_name
from tickets.templatetags.desk import ago, category_label, icon, priority_label

_DONE = (Status.RESOLVED, Status.CLOSED)


def rows_html(rows: Sequence[Row], filters: Filters) -> SafeString:
    """`<li>` after `<li>`; the links carry the filters on."""
    painter = _Painter(filters)
    return mark_safe("".join(painter.row(row) for row in rows))  # noqa: S308  escaped piece by piece


def side_html(tickets: Sequence[Ticket], current: Ticket, query: str) -> SafeString:
    """The narrow list beside a ticket."""
    statuses = _statuses()
    carried = escape(query)
    return mark_safe("".join(_side_row(ticket, statuses, carried, ticket.pk == current.pk) for ticket in tickets))  # noqa: S308


def _side_row(ticket: Ticket, statuses: dict[str, str], query: str, current: bool) -> str:
    done = " row-done" if ticket.status in _DONE else ""
    category = f" · {escape(str(ticket.category))}" if ticket.category else ""
    mark = ' aria-current="page"' if current else ""
    return (
        f'<li class="row{done}">{statuses[ticket.status]}<div class="row-main">'
        f'<a class="row-link truncate" href="{ticket.get_absolute_url()}?{query}"'
        f"{mark}>{escape(ticket.subject)}</a>"
        f'<p class="row-text truncate muted small">{escape(str(ticket.customer))}{category}</p></div>'
        f'<div class="row-time small muted">{ago(ticket.last_message)}</div></li>'
    )


def _statuses() -> dict[str, str]:
    """The mark of each status, with its name for those who hover and those who listen."""
    names = {value: escape(str(name)) for value, name in Status.choices}
    return {
        value: f'<span class="row-status status-{value}" title="{name}">{icon(value)}'
        f'<span class="visually-hidden">{name}:</span></span>'
        for value, name in names.items()
    }


class _Painter:
    def __init__(self, filters: Filters) -> None:
        self._query = escape(filters.query)
        self._waiting = filters.values.get("sort") == "waiting"
        self._labels: dict[tuple[object, ...], str] = {}
        self._statuses = _statuses()
        self._choose = escape(_("Choose #%(id)s %(subject)s"))
        self._review = f'<span class="badge badge-warn">{icon("review")}{escape(_("Review"))}</span>'
        self._answered, self._in_a_note = (
            f'{icon(name)}<span class="visually-hidden">{escape(said)}</span>'
            for name, said in (("reply", _("answered:")), ("lock", _("in a note:")))
        )
        self._nobody = f'<span class="muted">{escape(_("Unassigned"))}</span>'
        names = f"{icon('review')}<span data-names></span>"
        self._present = f'<span class="row-present small" data-present hidden>{names}</span>'

    def row(self, row: Row) -> str:
        ticket = row.ticket
        done = " row-done" if ticket.status in _DONE else ""
        choose = self._choose % {"id": ticket.pk, "subject": escape(ticket.subject)}
        moment = ticket.waiting_since if self._waiting and ticket.waiting_since else ticket.last_message
        return (
            f'<li class="row{done}" id="row-{ticket.pk}" data-moment="{ticket.last_message.isoformat()}" '
            f'data-updated="{ticket.updated.timestamp():.3f}">'
            f'<input class="row-check" type="checkbox" name="ticket" value="{ticket.pk}" form="bulk" '
            f'aria-label="{choose}">'
            f"{self._statuses[ticket.status]}"
            f'<div class="row-main"><a class="row-link truncate" href="{ticket.get_absolute_url()}?{self._query}">'
            f"{_pieces(row.subject)}</a>"
            f'<p class="row-text truncate"><span class="row-customer">{escape(str(ticket.customer))}</span>'
            f"{self._said(row)}</p></div>"
            f'<div class="row-labels">{self._review if ticket.needs_review else ""}{self._labels_of(ticket)}</div>'
            f'<div class="row-people small"><span class="truncate">{self._assignee(ticket)}</span>'
            f'<span class="truncate muted">{escape(str(ticket.team or ""))}</span></div>'
            f'<div class="row-time small muted">{ago(moment)}</div>{self._present}</li>'
        )

    def _said(self, row: Row) -> str:
        if row.found and row.found.snippet:
            before, words = self._in_a_note if row.found.note else "·", _pieces(row.found.snippet)
        elif row.snippet:
            before, words = self._answered if row.answered else "·", escape(row.snippet)
        else:
            return ""
        return f'<span class="muted"> {before} {words}</span>'

    def _assignee(self, ticket: Ticket) -> str:
        person = ticket.assignee
        return escape(display_name(person.first_name, person.last_name, person.username)) if person else self._nobody

    def _labels_of(self, ticket: Ticket) -> str:
        return self._label(ticket, category_label, ticket.category_id, ticket.category_by) + self._label(
            ticket, priority_label, ticket.priority, ticket.priority_by
        )

    def _label(self, ticket: Ticket, label: Callable[[Ticket], dict[str, Any]], *key: object) -> str:
        if (label, *key) not in self._labels:
            self._labels[label, *key] = render_to_string("tickets/parts/label.html", label(ticket))
        return self._labels[label, *key]


def _pieces(pieces: Sequence[Piece]) -> str:
    return "".join(f"<mark>{escape(p.text)}</mark>" if p.hit else escape(p.text) for p in pieces)
