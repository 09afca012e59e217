"""The page that lists tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django_htmx.http import push_url

from tickets.access import tickets_for
from tickets.desk.bulk import ACTIONS
from tickets.desk.counts import capped_counts
from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import Options, Saved, load_options
from tickets.desk.rows import list_page, rows_of
from tickets.models import Ticket
from tickets.paging import BadCursor

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
    cursor = str(params.pop("after", [""])[-1])
    options = load_options(user=request.user)
    filters = Filters.read(params, options)
    address = f"{reverse('inbox')}?{filters.query}"
    visible = tickets_for(request.user)
    matching = filters.apply(visible, request.user)
    try:
        page = list_page(matching, cursor, sort=filters.sort)
    except BadCursor as error:
        messages.warning(request, str(error))
        return redirect(address)
    counts = _counts(request.user, options, matching)
    context: dict[str, Any] = {
        "section": "inbox",
        "filters": filters,
        "options": options,
        "own_teams": options.own_teams,
        "actions": ACTIONS,
        "page": page,
        "after": cursor,
        "rows": rows_of(page.rows, filters.values.get("q", "")),
        "total": counts["matching"],
        "views": views(filters, counts, options.saved),
        "nothing_yet": not page.rows and not visible.exists(),
        "as_of": timezone.now(),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return push_url(render(request, "tickets/parts/results_update.html", context), address)
    return render(request, "tickets/inbox.html", context)


def views(filters: Filters, counts: dict[str, int] | None = None, saved: Sequence[Saved] = ()) -> list[View]:
    """The standing views and the saved ones, with the one marked that the filters amount to."""
    standing = [
        View(key, str(name), query, query == filters.query, counts[key] if counts else None)
        for key, name, query in _VIEWS
    ]
    own = [View("view", view.name, view.query, view.query == filters.query, saved=view) for view in saved]
    return [*standing, *own]


def _counts(user: User, options: Options, matching: QuerySet[Ticket]) -> dict[str, int]:
    visible = tickets_for(user)
    standing = {key: Filters.read(QueryDict(query), options).apply(visible, user) for key, _name, query in _VIEWS}
    return capped_counts(user, standing | {"matching": matching})
