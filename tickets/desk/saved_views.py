"""Saving, refilling, renaming, sharing and deleting views of the inbox."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets.desk.filters import Filters
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.options import load_options
from tickets.models import SavedView, Team

MOST = 50


class SavedViewForm(forms.Form):
    name = forms.CharField(max_length=60, error_messages={"required": _("Give the view a name.")})
    team = forms.ModelChoiceField(Team.objects.none(), required=False)

    def __init__(self, request: AgentRequest) -> None:
        super().__init__(request.POST)
        self["team"].field.queryset = Team.objects.filter(members=request.user)  # type: ignore[attr-defined]


@require_POST
@agent_required
def save(request: AgentRequest) -> HttpResponse:
    """Keep the filters of the page as a view, last in the list."""
    filters = Filters.read(QueryDict(request.POST.get("query", "")), load_options())
    form, own = SavedViewForm(request), SavedView.objects.filter(owner=request.user)
    if not form.is_valid():
        messages.warning(request, _sentence(form))
    elif own.count() >= MOST:
        messages.warning(request, _("You have %d views; delete one first.") % MOST)
    else:
        last = own.order_by("-position").values_list("position", flat=True).first()
        SavedView.objects.create(
            owner=request.user, query=filters.query[:1000], position=(last or 0) + 1, **form.cleaned_data
        )
    return redirect(f"{reverse('inbox')}?{filters.query}")


@require_POST
@agent_required
def refill(request: AgentRequest) -> HttpResponse:
    """Put the filters of the page into a view of one's own, in the place of those it had."""
    filters = Filters.read(QueryDict(request.POST.get("query", "")), load_options())
    chosen = request.POST.get("view", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0
    view = get_object_or_404(SavedView, pk=number, owner=request.user)
    view.query = filters.query[:1000]
    view.save(update_fields=["query"])
    messages.success(request, _("The view %(name)s now has these filters.") % {"name": view.name})
    return redirect(f"{reverse('inbox')}?{filters.query}")


@require_POST
@agent_required
def change(request: AgentRequest, view_id: int) -> HttpResponse:
    """Rename a view of one's own, share it with a team or with nobody."""
    view, form = get_object_or_404(SavedView, pk=view_id, owner=request.user), SavedViewForm(request)
    if form.is_valid():
        view.name, view.team = form.cleaned_data["name"], form.cleaned_data["team"]
        view.save(update_fields=["name", "team"])
    else:
        messages.warning(request, _sentence(form))
    return redirect(f"{reverse('inbox')}?{view.query}")


@require_POST
@agent_required
def delete(request: AgentRequest, view_id: int) -> HttpResponse:
    get_object_or_404(SavedView, pk=view_id, owner=request.user).delete()
    return redirect("inbox")


def _sentence(form: forms.Form) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)
