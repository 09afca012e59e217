"""What AI work has cost: by day, model, purpose and person, as charts, tables and CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assistant.costs import charts, usage
from assistant.costs.money import dollars
from assistant.costs.usage import Named, Report, Sums
from tickets.audit import record
from tickets.periods import PeriodForm
from tickets.spreadsheets import neutralised


@dataclass(frozen=True)
class Column:
    """One column of the table: for people, and exactly for spreadsheets."""

    heading: str | Promise
    shown: Callable[[Sums], str]
    exact: Callable[[Sums], str]


def _whole(heading: str | Promise, name: str) -> Column:
    return Column(heading, lambda sums: f"{getattr(sums, name):,}", lambda sums: str(getattr(sums, name)))


def _money(heading: str | Promise, name: str) -> Column:
    return Column(heading, lambda sums: dollars(getattr(sums, name)), lambda sums: f"{getattr(sums, name):f}")


COLUMNS = (
    _whole(gettext_lazy("Calls"), "calls"),
    _whole(gettext_lazy("Requests"), "requests"),
    _whole(gettext_lazy("Prompt tokens"), "prompt_tokens"),
    _whole(gettext_lazy("Cached tokens"), "cached_tokens"),
    _whole(gettext_lazy("Completion tokens"), "completion_tokens"),
    Column(
        gettext_lazy("Cost, USD"),
        charts.cost_text,
        lambda sums: f"{sums.cost:f}" if sums.cost_known else _("unknown"),
    ),
    _money(gettext_lazy("Reserved, USD"), "reserved"),
    _money(gettext_lazy("Outcome unknown, USD"), "unknown"),
    _whole(gettext_lazy("Calls without known price"), "unpriced"),
)
GROUPINGS = {
    "day": gettext_lazy("Day"),
    "model": gettext_lazy("Model"),
    "purpose": gettext_lazy("Purpose"),
    "person": gettext_lazy("Person"),
}


@require_safe
def usage_page(request: HttpRequest) -> HttpResponse:
    now = timezone.now().astimezone(UTC)
    form = PeriodForm(request.GET, now.date())
    context = admin.site.each_context(request) | {"title": _("AI usage and cost"), "form": form}
    if not form.is_valid():
        return render(request, "admin/assistant/pages/usage.html", context, status=400)
    period = form.cleaned_data["shown"]
    found = usage.report(period)
    month, people = usage.budgets(now)
    context |= {
        "period": period,
        "report": found,
        "month": month,
        "people": people,
        "columns": COLUMNS,
        "sections": [_section(by, found) for by in GROUPINGS],
        "total": [column.shown(found.total) for column in COLUMNS],
        "link": f"period=range&first={period.first}&last={period.last}",
    }
    return render(request, "admin/assistant/pages/usage.html", context)


@require_safe
def usage_csv(request: HttpRequest) -> HttpResponse:
    """One of the page's tables, with exact figures."""
    form = PeriodForm(request.GET, datetime.now(UTC).date())
    by = request.GET.get("by", "day")
    if not form.is_valid():
        sentences = [str(text) for texts in form.errors.values() for text in texts]
        return HttpResponseBadRequest("\n".join(sentences), content_type="text/plain; charset=utf-8")
    if by not in GROUPINGS:
        text = _("Choose by=day, by=model, by=purpose or by=person.")
        return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
    period = form.cleaned_data["shown"]
    found = usage.report(period)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"ai-usage-by-{by}-{period.first}-to-{period.last}.csv"
    record(request.user, None, _("Downloaded."), name=name)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow([GROUPINGS[by], *(column.heading for column in COLUMNS)])
    for label, sums in [*_rows(by, found, date.isoformat), (_("Total"), found.total)]:
        writer.writerow([neutralised(label), *(column.exact(sums) for column in COLUMNS)])
    return response


def _section(by: str, found: Report) -> dict[str, object]:
    rows = _rows(by, found, date_format)
    chart = charts.columns(found.days) if by == "day" else charts.bars(rows)
    return {
        "by": by,
        "heading": GROUPINGS[by],
        "chart": chart,
        "rows": [(label, [column.shown(sums) for column in COLUMNS]) for label, sums in rows],
    }


def _rows(by: str, found: Report, written: Callable[[date], str]) -> list[Named]:
    """The rows of one table; days without calls are in the chart alone."""
    if by == "day":
        return [(written(day), sums) for day, sums in found.days if sums.calls]
    return list({"model": found.models, "purpose": found.kinds, "person": found.people}[by])
