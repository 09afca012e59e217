"""The page, and its tables as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tickets.audit import record
from tickets.desk.figures import charts
from tickets.desk.figures.counting import Figures, Row, directory, figures
from tickets.desk.http import AgentRequest, agent_required
from tickets.periods import PeriodForm
from tickets.spreadsheets import neutralised

_UNITS = ((86_400, gettext_lazy("%n d")), (3600, gettext_lazy("%n h")), (60, gettext_lazy("%n min")))


class FiguresForm(PeriodForm):
    """A period, in the reader's own days, and one team where wanted."""

    default = "30days"
    last_days = {"7days": 7, "30days": 30, "90days": 90}

    period = forms.ChoiceField(
        label=gettext_lazy("Period"), required=False,
        choices=[
            ("7days", gettext_lazy("Last 7 days")),
            ("30days", gettext_lazy("Last 30 days")),
            ("90days", gettext_lazy("Last 90 days")),
            ("month", gettext_lazy("This month")),
            ("range", gettext_lazy("From … to …")),
        ],
        error_messages={
            "invalid_choice": gettext_lazy("“%(value)s” is no period: use 7days, 30days, 90days, month or range.")
        },
    )  # fmt: skip
    team = forms.ChoiceField(
        label=gettext_lazy("Team"), required=False,
        error_messages={"invalid_choice": gettext_lazy("“%(value)s” is none of your teams.")},
    )  # fmt: skip

    def __init__(self, request: AgentRequest) -> None:
        given = request.GET.copy()
        given.setdefault("period", "range" if given.get("first") or given.get("last") else self.default)
        super().__init__(given, timezone.localdate())
        self.user = request.user
        self.directory = directory(request.user)
        choices = [("", _("All teams")), *self.directory.choices, ("none", _("No team"))]
        self.fields["team"].choices = choices  # type: ignore[attr-defined]

    def found(self) -> Figures:
        given = self.cleaned_data
        return figures(self.user, given["shown"], timezone.get_current_timezone(), given["team"], self.directory)

    @property
    def address(self) -> str:
        """The same choice with its dates spelled out: it stays what it is tomorrow."""
        shown = self.cleaned_data["shown"]
        dates = {"period": "range", "first": shown.first.isoformat(), "last": shown.last.isoformat()}
        return urlencode(dates | {"team": self.cleaned_data["team"]})


def duration_text(seconds: int | None) -> str:
    """In the two largest units that fit: “2 d 4 h”. A dash where nothing was measured."""
    if seconds is None:
        return "–"
    parts: list[str] = []
    for size, text in _UNITS:
        if seconds >= size and len(parts) < 2:
            parts.append(str(text).replace("%n", str(seconds // size)))
            seconds %= size
        elif parts:
            break
    return "\N{NO-BREAK SPACE}".join(parts) or _("under a minute")


@dataclass(frozen=True)
class Column:
    """One column of the tables: for people, and exactly for spreadsheets."""

    heading: str | Promise
    exact_heading: str | Promise
    value: Callable[[Row], int | None]
    shown: Callable[[int], str] = intcomma


def _took(heading: str | Promise, exact: str | Promise, value: Callable[[Row], int | None]) -> Column:
    return Column(heading, exact, value, duration_text)


_COUNTS = (
    Column(gettext_lazy("Created"), gettext_lazy("Created"), lambda row: row.created),
    Column(gettext_lazy("Solved"), gettext_lazy("Solved"), lambda row: row.resolution.count),
    Column(gettext_lazy("Waiting now"), gettext_lazy("Waiting now"), lambda row: row.backlog),
)
COLUMNS = (
    *_COUNTS,
    _took(gettext_lazy("First response, median"), gettext_lazy("First response, median, seconds"),
          lambda row: row.response.median),
    _took(gettext_lazy("First response, 90 %"), gettext_lazy("First response, 90th percentile, seconds"),
          lambda row: row.response.p90),
    _took(gettext_lazy("Resolution, median"), gettext_lazy("Resolution, median, seconds"),
          lambda row: row.resolution.median),
    _took(gettext_lazy("Resolution, 90 %"), gettext_lazy("Resolution, 90th percentile, seconds"),
          lambda row: row.resolution.p90),
)  # fmt: skip
DAY_HEADINGS = (
    gettext_lazy("Day"), gettext_lazy("Created"), gettext_lazy("Solved"), gettext_lazy("Waiting at its end"),
)  # fmt: skip
_NOBODY = {"team": gettext_lazy("No team"), "agent": gettext_lazy("Unassigned")}
_HEADINGS = {"team": gettext_lazy("Team"), "agent": gettext_lazy("Agent")}


@require_safe
@agent_required
def figures_page(request: AgentRequest) -> HttpResponse:
    form = FiguresForm(request)
    context: dict[str, Any] = {"section": "figures", "form": form}
    if not form.is_valid():
        return render(request, "tickets/figures/page.html", context, status=400)
    found = form.found()
    shown = {"team": found.teams, "agent": found.agents}
    context |= {
        "period": form.cleaned_data["shown"],
        "figures": found,
        "flow": charts.flow(found.days),
        "backlog": charts.backlog(found.days),
        "day_headings": DAY_HEADINGS,
        "columns": COLUMNS,
        "tables": [(by, _HEADINGS[by], [_shown(by, row) for row in rows]) for by, rows in shown.items()],
        "total": _shown("team", found.total)[1],
        "facts": _facts(found.total),
        "address": form.address,
    }
    return render(request, "tickets/figures/page.html", context)


@require_safe
@agent_required
def figures_csv(request: AgentRequest) -> HttpResponse:
    """One of the page's tables with exact figures: by=day, by=team or by=agent."""
    form, by = FiguresForm(request), request.GET.get("by", "day")
    if not form.is_valid() or by not in {"day", *_HEADINGS}:
        sentences = [str(text) for texts in form.errors.values() for text in texts]
        text = "\n".join(sentences) or _("Choose by=day, by=team or by=agent.")
        return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
    period = form.cleaned_data["shown"]
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"figures-by-{by}-{period.first}-to-{period.last}.csv"
    record(request.user, None, _("Downloaded."), name=name)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(response).writerows([neutralised(str(cell)) for cell in row] for row in _sheet(by, form.found()))
    return response


def _sheet(by: str, found: Figures) -> list[Sequence[object]]:
    if by == "day":
        return [DAY_HEADINGS, *((day.day, day.created, day.solved, day.backlog) for day in found.days)]
    rows = found.teams if by == "team" else found.agents
    lines = [(row.name or _NOBODY[by], row) for row in rows] + [(_("Total"), found.total)]
    cells = [(name, *("" if (n := column.value(row)) is None else n for column in COLUMNS)) for name, row in lines]
    return [(_HEADINGS[by], *(column.exact_heading for column in COLUMNS)), *cells]


def _shown(by: str, row: Row) -> tuple[str, list[str]]:
    cells = [column.shown(column.value(row)) for column in COLUMNS]  # type: ignore[arg-type]
    return row.name or str(_NOBODY[by]), cells


def _facts(total: Row) -> list[tuple[str, str, str]]:
    """What stands at the top of the page: name, figure, what to know of it."""
    percentile = _("9 in 10 within %(time)s")
    return [
        (_("First response"), duration_text(total.response.median),
         percentile % {"time": duration_text(total.response.p90)} if total.response.count else ""),
        (_("Resolution"), duration_text(total.resolution.median),
         percentile % {"time": duration_text(total.resolution.p90)} if total.resolution.count else ""),
        (_("Created"), str(intcomma(total.created)), ""),
        (_("Solved"), str(intcomma(total.resolution.count)), ""),
        (_("Waiting now"), str(intcomma(total.backlog)), _("open or pending")),
    ]  # fmt: skip
