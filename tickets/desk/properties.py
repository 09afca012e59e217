"""What an agent changes of a ticket: its properties, its tags, when it comes back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from tickets import snoozing
from tickets.access import ticket_or_404, tickets_for
from tickets.desk.conflicts import Conflict
from tickets.desk.forms import PropertiesForm
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.ticket import address_of, page_context
from tickets.models import Tag, Ticket

SUGGESTED = 12
_LOOKED_AT = 400  # the newest uses of tags


@require_POST
@agent_required
def properties(request: AgentRequest, ticket_id: int) -> HttpResponse:
    ticket = ticket_or_404(request.user, ticket_id)
    form = PropertiesForm(request.POST.dict())
    if not form.is_valid():
        return _answer(request, ticket, errors=form.errors, status=422)
    try:
        form.save(ticket, request.user)
    except Conflict as conflict:
        return _answer(request, ticket, clashes=conflict.clashes, status=409)
    if not tickets_for(request.user).filter(pk=ticket.pk).exists():
        return _gone(request, ticket)
    return _answer(request, ticket)


@require_POST
@agent_required
def snooze(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """`until` is "tomorrow", "monday", or a day and time in the agent's time zone; empty takes the ticket up."""
    ticket = ticket_or_404(request.user, ticket_id)
    try:
        until = _moment(request.POST.get("until", ""), timezone.now())
    except forms.ValidationError as error:
        return _answer(request, ticket, errors={"until": error.messages}, status=422)
    if until is None:
        ticket.wake(request.user)
    else:
        ticket.snooze(request.user, until)
    return _answer(request, ticket)


@require_GET
@agent_required
def tags(request: AgentRequest) -> HttpResponse:
    """Suggestions as options: tags that begin with what is typed; before that, those used most of late."""
    typed = request.GET.get("add_tag", "").strip()[:100]
    if typed:
        names = list(Tag.objects.filter(name__istartswith=typed).values_list("name", flat=True)[:SUGGESTED])
    else:
        uses = Ticket.tags.through.objects.order_by("-pk").values_list("tag__name", flat=True)[:_LOOKED_AT]
        names = [name for name, _times in Counter(uses).most_common(SUGGESTED)]
    return render(request, "tickets/parts/tag_options.html", {"names": names})


def _moment(text: str, now: datetime) -> datetime | None:
    """Raises ValidationError with a sentence."""
    if not text:
        return None
    if text in {"tomorrow", "monday"}:
        return snoozing.tomorrow(now) if text == "tomorrow" else snoozing.monday(now)
    moment: datetime = forms.DateTimeField(
        error_messages={"invalid": _("That is no day and time; write it as 2026-12-24 09:00.")}
    ).clean(text)
    if moment <= now:
        raise forms.ValidationError(_("That is in the past: choose a later day or time."))
    if moment > now + snoozing.FURTHEST:
        raise forms.ValidationError(_("That is more than a year away: choose an earlier day."))
    return moment


def _answer(request: AgentRequest, ticket: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    """The changed parts for a page with scripts, else the page."""
    if status == 200 and not request.htmx:
        return redirect(address_of(request, ticket))
    template = "tickets/parts/ticket_update.html" if request.htmx else "tickets/ticket.html"
    context = page_context(request, ticket_or_404(request.user, ticket.pk), **more)
    return render(request, template, context, status=status)


def _gone(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The change took the ticket out of the agent's sight: back to the list, with a word about it."""
    messages.info(
        request, _("Ticket #%(id)s now belongs to another team and has left your list.") % {"id": ticket.pk}
    )
    address = f"{reverse('inbox')}?{request.GET.urlencode()}"
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
