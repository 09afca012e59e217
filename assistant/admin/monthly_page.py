"""The monthly report: its figures, and its text with every number that is not among them marked."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from assistant.models import MonthlyReport
from assistant.reports.figures import Figure
from assistant.reports.monthly import ReportError, write_report
from assistant.reports.numbers import Piece, checked

MONTHS_OFFERED = 13
KEPT_SHOWN = 20


class MonthForm(forms.Form):
    """One of the last months, the running one too; the last one that is over unless said."""

    month = forms.ChoiceField(
        label=gettext_lazy("Month"), required=False,
        error_messages={"invalid_choice": gettext_lazy("“%(value)s” is none of the months offered.")},
    )  # fmt: skip

    def __init__(self, data: object, today: date) -> None:
        super().__init__(data, label_suffix="")  # type: ignore[arg-type]
        self.months = [today.replace(day=1)]
        while len(self.months) < MONTHS_OFFERED:
            self.months.append((self.months[-1] - timedelta(1)).replace(day=1))
        self.fields["month"].choices = [(f"{it:%Y-%m}", named(it)) for it in self.months]  # type: ignore[attr-defined]
        self.initial["month"] = f"{self.months[1]:%Y-%m}"

    def chosen(self) -> date:
        given = self.cleaned_data["month"]
        return date.fromisoformat(f"{given}-01") if given else self.months[1]


def named(month: date) -> str:
    return str(date_format(month, "F Y"))


@require_http_methods(["GET", "HEAD", "POST"])
def monthly_page(request: HttpRequest) -> HttpResponse:
    now = datetime.now(UTC)
    posted = request.method == "POST"
    form = MonthForm((request.POST if posted else request.GET) or None, now.date())
    if form.is_bound and not form.is_valid():
        return _page(request, form, None, status=400)
    month = form.chosen() if form.is_bound else form.months[1]
    return _write(request, month, now) if posted else _page(request, form, month)


def _write(request: HttpRequest, month: date, now: datetime) -> HttpResponse:
    """Write it and show the page anew: reloading it makes no further call."""
    user: Any = request.user
    if not user.has_perm("assistant.add_monthlyreport"):
        raise PermissionDenied
    try:
        write_report(month, user=user, now=now)
    except ReportError as error:
        messages.error(request, error.message)
    return redirect(f"{reverse('monthly-report')}?month={month:%Y-%m}")


def _page(request: HttpRequest, form: MonthForm, month: date | None, status: int = 200) -> HttpResponse:
    rows = MonthlyReport.objects.filter(month=month) if month else MonthlyReport.objects.none()
    kept = list(rows.select_related("author").order_by("-pk")[:KEPT_SHOWN])
    written = next((report for report in kept if report.state == MonthlyReport.State.DONE), None)
    shown = written or next(iter(kept), None)
    figures = [Figure.restored(figure) for figure in shown.figures] if shown else []
    paragraphs = _paragraphs(written, figures) if written else []
    context = admin.site.each_context(request) | {
        "title": _("Monthly report"),
        "form": form,
        "month": month,
        "month_name": named(month) if month else "",
        "month_value": f"{month:%Y-%m}" if month else "",
        "report": written,
        "latest": next(iter(kept), None),
        "shown": shown,
        "figures": figures,
        "paragraphs": paragraphs,
        "strangers": sum(piece.stranger for pieces in paragraphs for piece in pieces),
    }
    return render(request, "admin/assistant/pages/monthly.html", context, status=status)


def _paragraphs(report: MonthlyReport, figures: list[Figure]) -> list[list[Piece]]:
    return [checked(part, figures, report.month) for part in re.split(r"\n\s*\n", report.text.strip())]
