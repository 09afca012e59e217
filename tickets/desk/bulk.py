"""Changing the tickets that are checked, or all that fit the filters, from the inbox.

All that fit can be a hundred thousand: a request works for some seconds and answers with a page that goes on by
itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tickets.access import tickets_for
from tickets.bulk import Changes, change_step
from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import load_options
from tickets.models import Team, Ticket
from tickets.models.choices import Priority, Status
from tickets.people import agents

SECONDS = 3.0  # a request works so long before it shows how far it is
NOBODY = "none"
ACTIONS = {"statuses": Status.choices, "priorities": Priority.choices, "nobody": NOBODY}
_MOST = 2**63 - 1


class BulkForm(forms.Form):
    """Which tickets, what to do, and, on the way, how far it has come."""

    everything = forms.BooleanField(required=False)
    status = forms.ChoiceField(choices=Status.choices, required=False)
    priority = forms.ChoiceField(choices=Priority.choices, required=False)
    assignee = forms.CharField(max_length=20, required=False)
    team = forms.CharField(max_length=20, required=False)
    add_tag = forms.CharField(max_length=100, required=False)
    remove_tag = forms.CharField(max_length=100, required=False)
    after = forms.IntegerField(min_value=0, max_value=_MOST, required=False)
    until = forms.IntegerField(min_value=0, max_value=_MOST, required=False)
    done = forms.IntegerField(min_value=0, max_value=_MOST, required=False)

    def clean_assignee(self) -> tuple[User | None] | None:
        return self._one("assignee", agents(), _("That person does not work here any more."))

    def clean_team(self) -> tuple[Team | None] | None:
        return self._one("team", Team.objects.all(), _("There is no such team any more."))

    def _one(self, name: str, rows: QuerySet[Any], sentence: Any) -> tuple[Any] | None:
        value = str(self.cleaned_data[name])
        if value in ("", NOBODY):
            return (None,) if value else None
        found = rows.filter(pk=value).first() if value.isascii() and value.isdigit() else None
        if found is None:
            raise forms.ValidationError(sentence)
        return (found,)

    @property
    def changes(self) -> Changes:
        given = self.cleaned_data
        return Changes(
            status=Status(given["status"]) if given["status"] else None,
            priority=Priority(given["priority"]) if given["priority"] else None,
            assignee=given["assignee"], team=given["team"],
            add_tag=given["add_tag"], remove_tag=given["remove_tag"],
        )  # fmt: skip


@dataclass(frozen=True)
class _Progress:
    done: int
    last: int | None
    until: int


@require_POST
@agent_required
def bulk(request: AgentRequest) -> HttpResponse:
    filters = Filters.read(QueryDict(request.POST.get("query", "")), load_options(user=request.user))
    address = f"{reverse('inbox')}?{filters.query}"
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.warning(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(address)
    if form.changes == Changes():
        messages.warning(request, _("Nothing was changed: choose what to change first."))
        return redirect(address)
    tickets = tickets_for(request.user)
    if form.cleaned_data["everything"]:
        tickets = filters.apply(tickets, request.user)
    else:
        tickets = tickets.filter(pk__in=_checked(request.POST))
    progress = _work(tickets, form, request.user)
    if progress.last is not None:
        context = {"section": "inbox", "fields": _kept(request.POST, progress), "progress": progress}
        return render(request, "tickets/bulk.html", context | {"address": address})
    messages.success(request, _sentence(progress.done))
    return redirect(address)


def _work(tickets: QuerySet[Ticket], form: BulkForm, user: User) -> _Progress:
    """Step after step until the time is up. Tickets that come after the beginning are left alone."""
    given = form.cleaned_data
    until = given["until"] or Ticket.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    done, last = given["done"] or 0, given["after"] or 0
    enough = time.monotonic() + SECONDS
    while True:
        step = change_step(tickets, form.changes, user, after=last, until=until, now=timezone.now())
        done += step.changed
        if step.last is None:
            return _Progress(done, None, until)
        last = step.last
        if time.monotonic() > enough:
            return _Progress(done, last, until)


def _kept(params: QueryDict, progress: _Progress) -> list[tuple[str, Any]]:
    """The fields with which the next request goes on."""
    names = ("query", "ticket", *(set(BulkForm.base_fields) - {"after", "until", "done"}))
    place = [("after", progress.last), ("until", progress.until), ("done", progress.done)]
    return [*((name, value) for name in names for value in params.getlist(name)), *place]


def _checked(params: QueryDict) -> list[int]:
    given = params.getlist("ticket")
    return [int(value) for value in given if value.isascii() and value.isdigit() and len(value) < 19]


def _sentence(done: int) -> str:
    if not done:
        return str(_("Nothing had to be changed."))
    return ngettext("%(n)d ticket was changed.", "%(n)d tickets were changed.", done) % {"n": done}
