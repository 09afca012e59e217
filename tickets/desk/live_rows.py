"""Rows of the inbox fetched anew while its page is open."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.access import tickets_for
from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import load_options
from tickets.desk.row_html import rows_html
from tickets.desk.rows import rows_of

MOST = 200


@require_GET
@agent_required
def rows(request: AgentRequest) -> HttpResponse:
    """Of the tickets `ids` (comma separated) those that fit the filters of the page, as its rows."""
    params = request.GET.copy()
    given = str(params.pop("ids", [""])[-1]).split(",")
    ids = [int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 19][:MOST]
    filters = Filters.read(params, load_options())
    fitting = filters.apply(tickets_for(request.user), request.user).filter(pk__in=ids)
    tickets = list(fitting.select_related("customer", "category", "team", "assignee"))
    context = {"lines": rows_html(rows_of(tickets, filters.values.get("q", "")), filters)}
    return render(request, "tickets/parts/rows.html", context)
