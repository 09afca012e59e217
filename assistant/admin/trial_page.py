"""What a trial of a prompt version came to, beside the active version's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assistant.admin.report_page import percent_text
from assistant.costs.money import usd
from assistant.models import TriageRun
from assistant.reports.matrix import Score
from assistant.reports.trials import TrialResult, result_of, trial_of_active


@dataclass(frozen=True)
class Line:
    """A figure of the trial and the same one of the active version, "" where that was not tried."""

    name: str
    tried: str
    active: str


@require_safe
def trial_page(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(TriageRun, pk=run_id, trial=True)
    rival = trial_of_active(run)
    tried, active = result_of(run, rival), result_of(rival, run) if rival else None
    context = admin.site.each_context(request) | {
        "title": _("Trial of prompt version %(n)s") % {"n": run.prompt_version},
        "run": run,
        "tried": tried,
        "active": active,
        "lines": _lines(tried, active),
        "categories": _categories(tried, active),
    }
    return render(request, "admin/assistant/promptversion/trial.html", context)


def _lines(tried: TrialResult, active: TrialResult | None) -> list[Line]:
    figures = {
        _("Model"): lambda it: it.run.model,
        _("Tickets compared"): lambda it: f"{it.categories.total:,}",
        _("Right category"): lambda it: percent_text(it.categories.agreement),
        _("Right priority"): lambda it: percent_text(it.priorities.agreement),
        _("Tickets without an answer, whole trial"): lambda it: f"{it.unanswered:,}",
        _("Cost of the whole trial"): lambda it: _money(it.cost),
        _("Cost per 1,000 tickets"): lambda it: _money(it.cost_per_1000),
    }
    return [Line(name, shown(tried), shown(active) if active else "") for name, shown in figures.items()]


def _money(amount: Decimal | None) -> str:
    return _("unknown") if amount is None else usd(amount)


def _categories(tried: TrialResult, active: TrialResult | None) -> list[tuple[Score, Score | None]]:
    """Each category's scores in the trial, with those of the active version."""
    others = {score.label: score for score in active.categories.scores} if active else {}
    return [(score, others.get(score.label)) for score in tried.categories.scores]
