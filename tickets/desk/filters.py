"""The inbox's filters: read from the address, applied to tickets, written back into the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.desk.options import Options
from tickets.desk.sorting import LAST_MESSAGE, SORTS, Sort
from tickets.desk.widgets import Choose, Day, Line, Tick
from tickets.models import Team, Ticket
from tickets.models.choices import Priority, Status
from tickets.search import search

ANY, OWN, SNOOZED = "any", "mine", "snoozed"
DEFAULT = "status=open"


def _day(label: Any) -> forms.DateField:
    return forms.DateField(required=False, label=label, widget=Day(format="%Y-%m-%d"))


class FilterForm(forms.Form):
    """Values that mean nothing are named in `errors` and left out; the others still hold."""

    q = forms.CharField(required=False, max_length=200, label=_("Search"), widget=Line)
    status = forms.ChoiceField(
        required=False, label=_("Status"), widget=Choose,
        choices=[(ANY, _("Any status")), *Status.choices, (SNOOZED, _("Snoozed"))],
    )  # fmt: skip
    category = forms.ChoiceField(required=False, label=_("Category"), widget=Choose)
    priority = forms.ChoiceField(
        required=False, label=_("Priority"), widget=Choose,
        choices=[("", _("Any priority")), *Priority.choices],
    )  # fmt: skip
    team = forms.ChoiceField(required=False, label=_("Team"), widget=Choose)
    assignee = forms.ChoiceField(required=False, label=_("Assignee"), widget=Choose)
    tag = forms.CharField(required=False, max_length=100, label=_("Tag"), widget=Line)
    customer = forms.CharField(required=False, max_length=254, label=_("Customer's address"), widget=Line)
    since = _day(_("Opened from"))
    until = _day(_("Opened until"))
    mine = forms.BooleanField(required=False, label=_("Mine"), widget=Tick)
    unassigned = forms.BooleanField(required=False, label=_("Unassigned"), widget=Tick)
    review = forms.BooleanField(required=False, label=_("Needs review"), widget=Tick)
    sort = forms.ChoiceField(
        required=False, label=_("Sort by"), widget=Choose,
        choices=[(key, sort.name) for key, sort in SORTS.items()],
    )  # fmt: skip

    def __init__(self, params: Mapping[str, Any], options: Options) -> None:
        super().__init__(params, auto_id="filter-%s")
        self.own_teams = [key for key, _name in options.own_teams]
        offered: dict[str, list[tuple[str, Any]]] = {
            "category": [("", _("Any category")), *options.categories],
            "team": [("", _("Any team")), (OWN, _("My teams")), *options.teams],
            "assignee": [("", _("Anybody")), *options.agents],
        }
        for name, choices in offered.items():
            self[name].field.choices = choices  # type: ignore[attr-defined]
        self["q"].field.widget.attrs |= {"placeholder": _("Words, name or #number"), "autocomplete": "off"}
        self["q"].field.widget.input_type = "search"

    def clean_customer(self) -> str:
        return str(self.cleaned_data["customer"]).strip().lower()

    @property
    def ignored(self) -> list[str]:
        """A sentence for each filter in the address that means nothing."""
        return [f"{self[name].label}: {error}" for name, errors in self.errors.items() for error in errors]


@dataclass(frozen=True)
class Chip:
    """A filter that is on and has no control of its own in the bar; `without` is the address' query without it."""

    label: str
    value: str
    without: str


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
        return self._query(self.values)

    @property
    def sort(self) -> Sort:
        return SORTS[self.values.get("sort", LAST_MESSAGE)]

    @property
    def chips(self) -> list[Chip]:
        hidden = ("assignee", "tag", "customer", "since", "until", "mine", "unassigned", "review")
        return [self._chip(name) for name in hidden if name in self.values]

    def _chip(self, name: str) -> Chip:
        field, value = self.form[name], self.values[name]
        names = dict(getattr(field.field, "choices", ()))
        shown = "" if value is True else str(names.get(value, value))
        rest = {key: kept for key, kept in self.values.items() if key != name}
        return Chip(str(field.label), shown, self._query(rest))

    def _query(self, values: Mapping[str, Any]) -> str:
        status = {"status": values.get("status", ANY)}
        return urlencode({name: 1 if value is True else value for name, value in (status | dict(values)).items()})

    def apply(self, tickets: QuerySet[Ticket], user: User) -> QuerySet[Ticket]:
        columns = {"category": "category__slug", "priority": "priority", "assignee": "assignee_id",
                   "review": "needs_review", "tag": "tags__name", "customer": "customer__email"}  # fmt: skip
        exact = {column: self.values[name] for name, column in columns.items() if name in self.values}
        tickets = tickets.filter(
            self._status(), self._team(user), self._created(), _whose(self.values, user), **exact
        )
        tickets = self.sort.narrow(tickets)
        return search(tickets, self.values["q"]) if "q" in self.values else tickets

    def _status(self) -> Q:
        """What is put aside is not open to anybody, until it is back."""
        status = self.values.get("status", self.sort.status or ANY)
        if status == ANY:
            status = self.sort.status or ANY
        if status == SNOOZED:
            return Q(snoozed_until__isnull=False)
        if status == Status.OPEN:
            return Q(status=status, snoozed_until__isnull=True)
        return Q() if status == ANY else Q(status=status)

    def _team(self, user: User) -> Q:
        team = self.values.get("team")
        if team == OWN:
            known = self.form.own_teams  # as numbers, so that the index by team can be sought by
            return Q(team__in=known or Team.objects.filter(members=user).values("pk"))
        return Q(team_id=team) if team else Q()

    def _created(self) -> Q:
        """Whole days in the time zone of whoever looks."""
        days = Q()
        if "since" in self.values:
            days &= Q(created__gte=_midnight(self.values["since"]))
        if "until" in self.values:
            days &= Q(created__lt=_midnight(self.values["until"] + timedelta(days=1)))
        return days


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _whose(values: Mapping[str, Any], user: User) -> Q:
    """Mine and unassigned together are both kinds, not the empty set."""
    whose = Q()
    if values.get("mine"):
        whose |= Q(assignee=user)
    if values.get("unassigned"):
        whose |= Q(assignee__isnull=True)
    return whose
