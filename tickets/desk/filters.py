"""The inbox's filters: read from the address, applied to tickets, written back into the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tickets.desk.options import Options
from tickets.models import Ticket
from tickets.models.choices import Priority, Status
from tickets.search import search

ANY = "any"
DEFAULT = "status=open"


class FilterForm(forms.Form):
    """Values that mean nothing are named in `errors` and left out; the others still hold."""

    q = forms.CharField(required=False, max_length=200, label=_("Search"))
    status = forms.ChoiceField(required=False, label=_("Status"), choices=[(ANY, _("Any status")), *Status.choices])
    category = forms.ChoiceField(required=False, label=_("Category"))
    priority = forms.ChoiceField(
        required=False, label=_("Priority"), choices=[("", _("Any priority")), *Priority.choices]
    )
    team = forms.ChoiceField(required=False, label=_("Team"))
    mine = forms.BooleanField(required=False, label=_("Mine"))
    unassigned = forms.BooleanField(required=False, label=_("Unassigned"))
    review = forms.BooleanField(required=False, label=_("Needs review"))

    def __init__(self, params: Mapping[str, Any], options: Options) -> None:
        super().__init__(params, auto_id="filter-%s")
        self["category"].field.choices = [("", _("Any category")), *options.categories]  # type: ignore[attr-defined]
        self["team"].field.choices = [("", _("Any team")), *options.teams]  # type: ignore[attr-defined]
        self["q"].field.widget.attrs["placeholder"] = _("Subject, customer, address or number")
        self["q"].field.widget.input_type = "search"

    @property
    def ignored(self) -> list[str]:
        """A sentence for each filter in the address that means nothing."""
        return [f"{self[name].label}: {error}" for name, errors in self.errors.items() for error in errors]


@dataclass(frozen=True)
class Filters:
    """Valid filters only. `form` shows them, `query` is their one way of standing in an address."""

    form: FilterForm
    values: dict[str, Any]

    @classmethod
    def read(cls, params: QueryDict, options: Options) -> Filters:
        """The bare address is the view of open tickets."""
        form = FilterForm(params or QueryDict(DEFAULT), options)
        form.is_valid()
        return cls(form, {name: value for name, value in form.cleaned_data.items() if value})

    @property
    def query(self) -> str:
        status = {"status": self.values.get("status", ANY)}
        return urlencode({name: 1 if value is True else value for name, value in (status | self.values).items()})

    @property
    def is_any(self) -> bool:
        return self.query == f"status={ANY}"

    def apply(self, tickets: QuerySet[Ticket], user: User) -> QuerySet[Ticket]:
        columns = {"status": "status", "category": "category__slug", "priority": "priority", "team": "team_id",
                   "review": "needs_review"}  # fmt: skip
        exact = {column: self.values[name] for name, column in columns.items() if self.values.get(name, ANY) != ANY}
        tickets = tickets.filter(_whose(self.values, user), **exact)
        return search(tickets, self.values["q"]) if "q" in self.values else tickets


def _whose(values: Mapping[str, Any], user: User) -> Q:
    """Mine and unassigned together are both kinds, not the empty set."""
    whose = Q()
    if values.get("mine"):
        whose |= Q(assignee=user)
    if values.get("unassigned"):
        whose |= Q(assignee__isnull=True)
    return whose
