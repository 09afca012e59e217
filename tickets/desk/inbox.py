"""The page that lists tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django_htmx.http import push_url

from tickets.access import tickets_for
from tickets.desk import counts
from tickets.desk.bulk import ACTIONS
from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import Options, Saved, load_options
from tickets.desk.row_html import rows_html
from tickets.desk.rows import PAGE_SIZE, list_page, rows_of
from tickets.models import Ticket
from tickets.paging import BadCursor, Page

VIEWS_MOST = 99
_VIEWS = (
    ("open", _("Open"), "status=open"),
    ("mine", _("Mine"), "status=open&mine=1"),
    ("unassigned", _("Unassigned"), "status=open&unassigned=1"),
    ("team", _("My teams"), "status=open&team=mine"),
    ("review", _("Needs review"), "status=any&review=1"),
    ("all", _("All tickets"), "status=any"),
)


@dataclass(frozen=True)
class View:
    """A named set of filters. `count` is None on pages that do not count; `saved` is what a person saved."""

    key: str
    name: str
    query: str
    current: bool
    count: int | None = None
    saved: Saved | None = None


@require_GET
@agent_required
def inbox(request: AgentRequest) -> HttpResponse:
    params = request.GET.copy()
    cursor, as_of = str(params.pop("after", [""])[-1]), timezone.now()
    options = load_options(user=request.user)
    filters = Filters.read(params, options)
    address = f"{reverse('inbox')}?{filters.query}"
    visible = tickets_for(request.user)
    matching = filters.apply(visible, request.user)
    try:
        page = list_page(matching, cursor, sort=filters.sort, searched="q" in filters.values)
    except BadCursor as error:
        messages.warning(request, str(error))
        return redirect(address)
    found = rows_of(page.rows, filters.values.get("q", ""))
    numbers = _counts(request.user, options, filters)
    total, most = _total(filters, matching, page)
    context: dict[str, Any] = {
        "section": "inbox",
        "filters": filters,
        "options": options,
        "own_teams": options.own_teams,
        "own_views": [view for view in options.saved if view.own],
        "actions": ACTIONS,
        "page": page,
        "after": cursor,
        "rows": found,
        "lines": rows_html(found, filters),
        "total": total,
        "most": most,
        "views_most": VIEWS_MOST,
        "views": views(filters, numbers, options.saved),
        "nothing_yet": not page.rows and not visible.exists(),
        "as_of": as_of,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return push_url(render(request, "tickets/parts/results_update.html", context), address)
    return render(request, "tickets/inbox.html", context)


def views(filters: Filters, numbers: dict[str, int] | None = None, saved: Sequence[Saved] = ()) -> list[View]:
    """The standing views and the saved ones, with the one marked that the filters amount to."""
    standing = [
        View(key, str(name), query, query == filters.query, numbers[key] if numbers else None)
        for key, name, query in _VIEWS
    ]
    own = [View("view", view.name, view.query, view.query == filters.query, saved=view) for view in saved]
    return [*standing, *own]


def _counts(user: User, options: Options, filters: Filters) -> dict[str, int]:
    """How many tickets each standing view has: one query."""
    visible = tickets_for(user)
    asked = {
        key: replace(filters, values=_values(query)).apply(visible, user)
        for key, _name, query in _VIEWS
        if key != "team" or options.own_teams
    }
    return {"team": 0} | counts.capped_counts(asked, dict.fromkeys(asked, VIEWS_MOST))


def _values(query: str) -> dict[str, Any]:
    """What a form would make of a standing view."""
    return {name: value == "1" or value for name, value in parse_qsl(query)}


def _total(filters: Filters, matching: QuerySet[Ticket], page: Page[Ticket]) -> tuple[int, int]:
    """How many tickets match, and how far that was counted. What a search finds is not looked up twice: what is more
    than a page is just that."""
    shown = len(page.rows)
    if not page.next and not page.previous:
        return shown, counts.CAP
    if "q" in filters.values:
        return max(shown, PAGE_SIZE) + 1, max(shown, PAGE_SIZE)
    return counts.capped_counts({"matching": matching})["matching"], counts.CAP
