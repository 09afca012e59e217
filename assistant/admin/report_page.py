"""How well the AI labels: confusion matrix, precision and recall, override rate and cost, as tables and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assistant.costs.money import dollars, usd
from assistant.models import TriageRun
from assistant.reports.quality import Quality, Tally, quality
from tickets.audit import record
from tickets.periods import PeriodForm
from tickets.spreadsheets import neutralised


class ReportForm(PeriodForm):
    """A period, and one model or one prompt version where wanted."""

    model = forms.ChoiceField(
        label=gettext_lazy("Model"), required=False,
        error_messages={"invalid_choice": gettext_lazy("No triage run has used the model “%(value)s”.")},
    )  # fmt: skip
    version = forms.ChoiceField(
        label=gettext_lazy("Prompt version"), required=False,
        error_messages={"invalid_choice": gettext_lazy("No triage run has used the prompt version “%(value)s”.")},
    )  # fmt: skip

    def __init__(self, data: object, today: date) -> None:
        super().__init__(data, today)
        used = set(TriageRun.objects.order_by().values_list("model", "prompt_version").distinct())
        self._offer("model", _("All models"), sorted({model for model, _version in used}))
        self._offer("version", _("All versions"), sorted({version for _model, version in used}, key=_by_number))

    def _offer(self, field: str, every: str, values: list[str]) -> None:
        self.fields[field].choices = [("", every), *((value, value) for value in values)]  # type: ignore[attr-defined]

    def found(self) -> Quality:
        given = self.cleaned_data
        return quality(given["shown"], model=given["model"], version=given["version"])


def _by_number(version: str) -> tuple[int, str]:
    return (int(version) if version.isdecimal() else 0, version)


@dataclass(frozen=True)
class Column:
    """One column of a table of tallies: for people, and exactly for spreadsheets."""

    heading: str | Promise
    shown: Callable[[Tally], str]
    exact: Callable[[Tally], str]


def _count(heading: str | Promise, name: str) -> Column:
    return Column(heading, lambda tally: f"{getattr(tally, name):,}", lambda tally: str(getattr(tally, name)))


def _share(heading: str | Promise, name: str) -> Column:
    return Column(
        heading, lambda tally: percent_text(getattr(tally, name)), lambda tally: exact(getattr(tally, name))
    )


def percent_text(share: Decimal | None) -> str:
    return "–" if share is None else f"{share} %"


def exact(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"


def cost_text(tally: Tally, say: Callable[[Decimal], str] = usd) -> str:
    """What 1,000 answers cost; unknown where a price is, never as nothing."""
    if tally.unpriced:
        return _("unknown")
    return "–" if tally.cost_per_1000 is None else say(tally.cost_per_1000)


COLUMNS = (
    _count(gettext_lazy("AI answers"), "answers"),
    _count(gettext_lazy("Compared"), "compared"),
    _share(gettext_lazy("Agreement"), "agreement"),
    _count(gettext_lazy("Applied"), "applied"),
    _count(gettext_lazy("Overridden"), "overridden"),
    _share(gettext_lazy("Override rate"), "override_rate"),
    Column(
        gettext_lazy("Cost, USD"),
        lambda tally: _("unknown") if tally.unpriced else dollars(tally.cost),
        lambda tally: "" if tally.unpriced else exact(tally.cost),
    ),
    Column(
        gettext_lazy("Cost per 1,000, USD"),
        lambda tally: cost_text(tally, dollars),
        lambda tally: exact(tally.cost_per_1000),
    ),
)


@require_safe
def report_page(request: HttpRequest) -> HttpResponse:
    form = ReportForm(request.GET, datetime.now(UTC).date())
    context = admin.site.each_context(request) | {"title": _("Quality of AI labels"), "form": form}
    if not form.is_valid():
        return render(request, "admin/assistant/pages/report.html", context, status=400)
    found, period = form.found(), form.cleaned_data["shown"]
    context |= {
        "period": period,
        "report": found,
        "cost_per_1000": cost_text(found.total),
        "columns": COLUMNS,
        "versions": [(model, version, _cells(tally)) for (model, version), tally in found.versions],
        "weeks": [(week, tally, _cells(tally)) for week, tally in found.weeks],
        "link": _link(form),
    }
    return render(request, "admin/assistant/pages/report.html", context)


def _cells(tally: Tally) -> list[str]:
    return [column.shown(tally) for column in COLUMNS]


def _link(form: ReportForm) -> str:
    period = form.cleaned_data["shown"]
    chosen = {name: form.cleaned_data[name] for name in ("model", "version") if form.cleaned_data[name]}
    return urlencode({"period": "range", "first": period.first, "last": period.last, **chosen})


@require_safe
def report_csv(request: HttpRequest) -> HttpResponse:
    """One of the page's tables, with exact figures."""
    form = ReportForm(request.GET, datetime.now(UTC).date())
    table = request.GET.get("table", "matrix")
    if not form.is_valid():
        sentences = [str(text) for texts in form.errors.values() for text in texts]
        return HttpResponseBadRequest("\n".join(sentences), content_type="text/plain; charset=utf-8")
    if table not in TABLES:
        text = _("Choose one of these: %(tables)s.") % {"tables": ", ".join(f"table={name}" for name in TABLES)}
        return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
    period = form.cleaned_data["shown"]
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"ai-labels-{table}-{period.first}-to-{period.last}.csv"
    record(request.user, None, _("Downloaded."), name=name)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerows([neutralised(str(cell)) for cell in row] for row in TABLES[table](form.found()))
    return response


Rows = Iterator[list[Any]]


def _matrix(found: Quality) -> Rows:
    yield [_("People’s category"), _("AI’s category"), _("Tickets")]
    yield from ([*pair, count] for pair, count in sorted(found.categories.counts.items()))


def _categories(found: Quality) -> Rows:
    yield [_("Category"), _("By people"), _("By the AI"), _("Agreed"), _("Precision, %"), _("Recall, %")]
    for it in found.categories.scores:
        yield [it.label, it.by_people, it.by_ai, it.agreed, exact(it.precision), exact(it.recall)]


def _versions(found: Quality) -> Rows:
    yield [_("Model"), _("Prompt version"), *(column.heading for column in COLUMNS)]
    for (model, version), tally in found.versions:
        yield [model, version, *(column.exact(tally) for column in COLUMNS)]


def _weeks(found: Quality) -> Rows:
    yield [_("Week from"), *(column.heading for column in COLUMNS)]
    for week, tally in found.weeks:
        yield [week.isoformat(), *(column.exact(tally) for column in COLUMNS)]


TABLES: dict[str, Callable[[Quality], Rows]] = {
    "matrix": _matrix, "categories": _categories, "versions": _versions, "weeks": _weeks,
}  # fmt: skip
