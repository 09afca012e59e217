"""The review queue's page: one ticket at a time, worked through by keyboard.

The place in the queue stands in the address (`after`, a ticket's id), and so does what was done on the way (`done`,
how many decided; `label`, the last one's id). Nothing is kept of a sitting but the claim on the ticket shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import replace_url

from tickets.access import ticket_or_404
from tickets.desk.counts import capped_counts
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import load_options
from tickets.desk.thread import EventEntry, MessageEntry, ProposalEntry, Thread, load_thread
from tickets.labels import take_back
from tickets.models import Category, Classification, Ticket, TicketEvent
from tickets.models.choices import Priority, SetBy
from tickets.review import Conflict, decide, next_for, own_label, waiting

_MOST = 2**63 - 1
_PRIORITY_KEYS = {Priority.HIGH: "h", Priority.MEDIUM: "m", Priority.LOW: "l"}
_CONFIDENCE = re.compile(r"[01]\.\d\d")  # what the event of an unsure answer holds; the page shows it with the answer


@dataclass(frozen=True)
class Place:
    """Where somebody is in the queue."""

    after: int = 0
    done: int = 0
    label: int = 0

    @classmethod
    def read(cls, params: QueryDict) -> Place:
        """What makes no sense counts as nothing."""
        given = {name: params.get(name, "") for name in ("after", "done", "label")}
        return cls(
            **{n: min(int(v), _MOST) for n, v in given.items() if v.isascii() and v.isdecimal() and len(v) < 20}
        )

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in vars(self).items() if value})

    @property
    def address(self) -> str:
        return f"{reverse('review')}?{self.query}" if self.query else reverse("review")


@dataclass(frozen=True)
class Choice:
    """One label that can be chosen. `key` is the key for it, `by_ai` marks what the AI proposed."""

    value: str
    name: str
    key: str
    chosen: bool
    by_ai: bool


class ReviewForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=_MOST)
    category = forms.ModelChoiceField(
        Category.objects.filter(active=True), to_field_name="slug",
        error_messages={"required": _("Choose a category first.")},
    )  # fmt: skip
    priority = forms.ChoiceField(choices=Priority.choices, error_messages={"required": _("Choose a priority first.")})


@require_GET
@agent_required
def review(request: AgentRequest) -> HttpResponse:
    place = Place.read(request.GET)
    ticket = next_for(request.user, after=place.after, now=timezone.now())
    return _page(request, place, ticket)


@require_POST
@agent_required
def label(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Accept or correct: what is chosen becomes a person's label, and the next ticket is shown."""
    place = Place.read(request.GET)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, place, ticket_or_404(request.user, ticket_id), errors=form.errors, status=422)
    given = form.cleaned_data
    try:
        made = decide(
            request.user, ticket_id, given["version"], category=given["category"], priority=given["priority"],
            now=timezone.now(),
        )  # fmt: skip
    except Conflict as conflict:
        messages.warning(request, conflict.message)
        return redirect(replace(place, after=ticket_id - 1, label=0).address)
    return redirect(Place(after=ticket_id, done=place.done + 1, label=made.pk).address)


@require_POST
@agent_required
def undo(request: AgentRequest) -> HttpResponse:
    """Take the last label back and show its ticket again."""
    place, now = Place.read(request.GET), timezone.now()
    last = own_label(request.user, place.label, now)
    if last is None or not take_back(last, request.user, now=now):
        messages.warning(request, _("It has changed since or is long past, so it was not undone."))
        return redirect(replace(place, label=0).address)
    return redirect(Place(after=last.ticket_id - 1, done=max(place.done - 1, 0)).address)


def _page(
    request: AgentRequest, place: Place, ticket: Ticket | None, *, errors: Any = None, status: int = 200
) -> HttpResponse:
    queue = waiting(request.user)
    before = queue.filter(pk__lt=ticket.pk) if ticket else queue.filter(pk__lte=place.after)
    counts = capped_counts({"waiting": queue, "before": before})
    context = {
        "section": "review",
        "place": place,
        "ticket": ticket,
        "errors": errors or {},
        "last": _last(request, place),
        "left": counts["waiting"],
        "number": place.done + counts["before"] + 1,
        "total": place.done + counts["waiting"],
        **(_shown(request, ticket) if ticket else {}),
    }
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "tickets/review_step.html", context, status=status)
        return replace_url(response, place.address)
    return render(request, "tickets/review.html", context, status=status)


def _last(request: AgentRequest, place: Place) -> Classification | None:
    """What was decided just now, as long as it can be undone."""
    made = own_label(request.user, place.label, timezone.now()) if place.label else None
    return made if made and made.ticket.updated == made.created else None


def _shown(request: AgentRequest, ticket: Ticket) -> dict[str, Any]:
    options = load_options()
    thread = load_thread(ticket, dict(options.categories))
    proposal = thread.proposal
    category, priority = _preset(ticket, proposal)
    categories = [
        Choice(slug, name, str(n) if n < 10 else "", slug == category, bool(proposal and slug == proposal.category))
        for n, (slug, name) in enumerate(options.categories, 1)
    ]
    priorities = [
        Choice(value, str(name), _PRIORITY_KEYS[Priority(value)], value == priority,
               bool(proposal and value == proposal.priority))
        for value, name in Priority.choices
    ]  # fmt: skip
    return {
        "said": [entry for entry in thread.entries if isinstance(entry, MessageEntry)],
        "thread": thread,
        "proposal": proposal,
        "why": _why(thread),
        "categories": categories,
        "priorities": priorities,
    }


def _preset(ticket: Ticket, proposal: ProposalEntry | None) -> tuple[str, str]:
    """What is chosen at first: a person's label where there is one, else the AI's, else what the ticket has."""
    category = ticket.category.slug if ticket.category else ""
    if proposal is None:
        return category, ticket.priority
    if ticket.category_by != SetBy.PERSON:
        category = proposal.category
    return category, ticket.priority if ticket.priority_by == SetBy.PERSON else proposal.priority


def _why(thread: Thread) -> str:
    """The reason of the last call for a review, where it is more than the confidence of the answer."""
    calls = [e for e in thread.entries if isinstance(e, EventEntry) and e.kind == TicketEvent.Kind.REVIEW]
    return calls[-1].new if calls and not _CONFIDENCE.fullmatch(calls[-1].new) else ""
