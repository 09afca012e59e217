"""The page of one ticket and what is done on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from tickets.access import ticket_or_404, tickets_for
from tickets.desk.filters import Filters
from tickets.desk.forms import NoteForm, PropertiesForm, ReplyForm
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.inbox import views
from tickets.desk.options import load_options
from tickets.desk.rows import list_page
from tickets.desk.thread import load_thread
from tickets.models import Ticket
from tickets.models.choices import Priority, Status

OTHER_TICKETS = 5


@dataclass(frozen=True)
class Composer:
    """What the composer holds: nothing, or what was typed when it could not be sent, with the reason."""

    mode: str = "reply"
    body: str = ""
    draft: str = ""
    error: str = ""
    token: str = field(default_factory=lambda: str(uuid4()))


@require_GET
@agent_required
def ticket_page(request: AgentRequest, ticket_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    return render(request, "tickets/ticket.html", _context(request, ticket))


@require_POST
@agent_required
def reply(request: AgentRequest, ticket_id: int) -> HttpResponse:
    return _write(request, ticket_id, ReplyForm(request.POST), "reply")


@require_POST
@agent_required
def note(request: AgentRequest, ticket_id: int) -> HttpResponse:
    return _write(request, ticket_id, NoteForm(request.POST), "note")


@require_POST
@agent_required
def properties(request: AgentRequest, ticket_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    form = PropertiesForm(request.POST.dict())
    if form.is_valid():
        form.save(ticket, request.user)
        if not tickets_for(request.user).filter(pk=ticket.pk).exists():
            return _gone(request, ticket)
        if not request.htmx:
            return redirect(_address(request, ticket))
    status = 200 if form.is_valid() else 422
    context = _context(request, ticket_or_404(request.user, ticket_id), errors=form.errors)
    template = "tickets/parts/ticket_update.html" if request.htmx else "tickets/ticket.html"
    return render(request, template, context, status=status)


def _write(request: AgentRequest, ticket_id: int, form: NoteForm, mode: str) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    if form.is_valid():
        message = form.save(ticket, request.user)
        return redirect(f"{_address(request, ticket)}#message-{message.pk}")
    kept = {name: request.POST.get(name, "") for name in ("body", "draft")}
    error = " ".join(str(sentence) for sentences in form.errors.values() for sentence in sentences)
    composer = Composer(mode, error=error, **kept)
    return render(request, "tickets/ticket.html", _context(request, ticket, composer=composer), status=422)


def _gone(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The change took the ticket out of the agent's sight: back to the list, with a word about it."""
    messages.info(
        request, _("Ticket #%(id)s now belongs to another team and has left your list.") % {"id": ticket.pk}
    )
    address = f"{reverse('inbox')}?{request.GET.urlencode()}"
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _address(request: AgentRequest, ticket: Ticket) -> str:
    query = request.GET.urlencode()
    return ticket.get_absolute_url() + (f"?{query}" if query else "")


def _context(
    request: AgentRequest, ticket: Ticket, *, composer: Composer | None = None, errors: Any = None
) -> dict[str, Any]:
    options = load_options(ticket)
    params = request.GET.copy()
    whole = bool(params.pop("whole", None))
    filters = Filters.read(params, options)
    visible = tickets_for(request.user)
    thread = load_thread(ticket, dict(options.categories), whole=whole)
    others = visible.filter(customer=ticket.customer).exclude(pk=ticket.pk).order_by("-last_message", "-pk")
    return {
        "section": "inbox",
        "ticket": ticket,
        "thread": thread,
        "proposal": thread.proposal,
        "proposal_on": thread.proposal is not None and thread.proposal.is_on(ticket),
        "composer": composer or Composer(),
        "errors": errors or {},
        "options": options,
        "statuses": Status.choices,
        "priorities": Priority.choices,
        "others": list(others[:OTHER_TICKETS]),
        "filters": filters,
        "views": views(filters),
        "neighbours": list_page(filters.apply(visible, request.user)).rows,
    }
