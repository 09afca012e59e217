"""The page of one ticket: what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tickets import snoozing
from tickets.access import ticket_or_404, tickets_for
from tickets.desk.conflicts import Clash, values_of
from tickets.desk.entries import Place, Unsent
from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.inbox import View, views
from tickets.desk.neighbours import AT, load_neighbours
from tickets.desk.options import load_options
from tickets.desk.row_html import side_html
from tickets.desk.sorting import LAST_MESSAGE, SORTS
from tickets.desk.thread import load_thread
from tickets.live import state
from tickets.models import Message, Ticket
from tickets.models.choices import Priority, Status

_OWN_PARAMS = (AT, "before", "left", "since", "typed", "part")


@dataclass(frozen=True)
class Composer:
    """What could not be sent yet: both texts, with the reason. Without one the page shows what is kept unsent."""

    mode: str = Message.Kind.REPLY
    texts: Mapping[str, str] | None = None
    draft: str = ""
    error: str = ""
    warnings: Sequence[str] = ()
    despite: str = ""
    token: str = field(default_factory=lambda: str(uuid4()))


@require_GET
@agent_required
def ticket_page(request: AgentRequest, ticket_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    earlier = request.htmx and "before" in request.GET
    template = "tickets/parts/thread_earlier.html" if earlier else "tickets/ticket.html"
    return render(request, template, page_context(request, ticket))


@require_GET
@agent_required
def live(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """What of an open page may have changed: its properties, its head and the end of its thread, or this alone."""
    ticket = ticket_or_404(request.user, ticket_id)
    alone = request.GET.get("part") == "thread"
    template = "tickets/parts/thread_lines.html" if alone else "tickets/parts/ticket_update.html"
    return render(request, template, page_context(request, ticket))


def address_of(request: AgentRequest, ticket: Ticket, **more: str) -> str:
    """The ticket's page in the list that the agent came from."""
    params = request.GET.copy()
    for name in set(_OWN_PARAMS) - {AT}:
        params.pop(name, None)
    for name, value in more.items():
        params[name] = value
    query = params.urlencode()
    return ticket.get_absolute_url() + (f"?{query}" if query else "")


def place_in_list(request: AgentRequest, ticket: Ticket) -> str:
    """Where the ticket stands in the list that the agent came from, before an answer moves it."""
    return SORTS.get(request.GET.get("sort", LAST_MESSAGE), SORTS[LAST_MESSAGE]).cursor(ticket)


def page_context(
    request: AgentRequest,
    ticket: Ticket,
    *,
    composer: Composer | None = None,
    errors: Any = None,
    clashes: Sequence[Clash] = (),
) -> dict[str, Any]:
    options = load_options(ticket)
    params = request.GET.copy()
    at, before, left, since, _side, _part = (params.pop(name, [""])[-1] for name in _OWN_PARAMS)
    filters = Filters.read(params, options)
    visible = tickets_for(request.user)
    thread = load_thread(
        ticket, dict(options.categories), user_id=request.user.pk,
        before=Place.read(before), since=Place.read(since),
    )  # fmt: skip
    composer = composer or Composer(mode=_mode(thread.unsent, request))
    neighbours = load_neighbours(visible, filters.apply(visible, request.user), filters.sort, ticket, at)
    hidden = int(left[:9]) - thread.shown if left.isdecimal() else thread.hidden
    shown_views, now = views(filters), timezone.now()
    unsent = thread.unsent.get(Message.Kind.REPLY, Unsent())
    return {
        "section": "inbox",
        "ticket": ticket,
        "was": values_of(ticket),
        "state": "" if before else state(ticket.version, thread.delivery),
        "thread": thread,
        "hidden": max(hidden, 0),
        "before": before,
        "proposal": thread.proposal,
        "proposal_on": thread.proposal is not None and thread.proposal.is_on(ticket),
        "composer": composer,
        "draft_id": composer.draft or ("" if composer.texts else unsent.draft),
        "modes": [_Mode.of(kind, composer, thread.unsent, thread.held) for kind in _KINDS],
        "errors": errors or {},
        "clashes": clashes,
        "options": options,
        "statuses": Status.choices,
        "priorities": Priority.choices,
        "others": neighbours.others,
        "filters": filters,
        "query": filters.query + (f"&{AT}={at}" if at else ""),
        "views": shown_views,
        "list_name": _list_name(shown_views, filters),
        "neighbours": neighbours,
        "side_lines": partial(side_html, neighbours.rows, ticket, filters.query),  # not on every page of a ticket
        "snooze_times": {"tomorrow": snoozing.tomorrow(now), "monday": snoozing.monday(now)},
        "link": address_of(request, ticket),
    }


def _list_name(shown: Sequence[View], filters: Filters) -> str:
    """What the list beside the ticket is called."""
    named = [view.name for view in shown if view.current]
    if named:
        return named[0]
    return _("Search: %(words)s") % {"words": filters.values["q"]} if "q" in filters.values else _("Filtered tickets")


_KINDS = (Message.Kind.REPLY, Message.Kind.NOTE)


@dataclass(frozen=True)
class _Mode:
    """One of the composer's two sides."""

    kind: str
    body: str
    unsent: Unsent
    held: list[Any]

    @classmethod
    def of(cls, kind: str, composer: Composer, unsent: dict[str, Unsent], held: dict[str, list[Any]]) -> _Mode:
        kept = unsent.get(kind, Unsent())
        body = composer.texts.get(kind, "") if composer.texts is not None else kept.body
        return cls(kind, body, kept, held.get(kind, []))

    @property
    def field(self) -> str:
        return "body" if self.kind == Message.Kind.REPLY else "note"


def _mode(unsent: dict[str, Unsent], request: AgentRequest) -> str:
    """The side that has something in it, the reply's first."""
    if request.GET.get("typed") in _KINDS:
        return request.GET["typed"]
    written = [kind for kind in _KINDS if unsent.get(kind, Unsent()).body.strip()]
    return written[0] if written else Message.Kind.REPLY
