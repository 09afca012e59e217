"""The page of a sample: the AI's labels beside today's, what the rest will cost, and what to do now."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin, messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.admin.shown import duration, whole
from assistant.costs.money import exact_usd, usd
from assistant.models import TriageRun
from assistant.triage import runs, sample
from assistant.triage.estimate import Estimate
from assistant.triage.sample import Row
from tickets.audit import record


def sample_view(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(sample.with_bill(), pk=run_id)
    if run.state != TriageRun.State.SAMPLED:
        return redirect(run)
    if request.method == "POST":
        return _decide(request, run)
    rows, paid = sample.differences(run), sample.bill(run)
    rest, anew = sample.forecast(run, paid)
    context = {
        **admin.site.each_context(request),
        "title": _("Sample of triage run %(n)s") % {"n": run.pk},
        "opts": TriageRun._meta,
        "run": run,
        "rows": rows,
        "counts": _counts(rows),
        "cost": usd(paid.cost),
        "exact_cost": exact_usd(paid.cost),
        "used": {"prompt": whole(paid.used.prompt_tokens), "completion": whole(paid.used.completion_tokens)},
        "plans": [
            (
                _("The rest, after applying the sample"),
                _shown(rest),
            ),
            (_("All tickets anew"), _shown(anew)),
        ],
    }
    return TemplateResponse(request, "admin/assistant/triagerun/sample.html", context)


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    """Labels by what applying would do to them, and tickets without an answer."""
    fates = [field.fate for row in rows for field in (row.category, row.priority) if field]
    return {fate: fates.count(fate) for fate in ("changed", "same", "person", "review")} | {
        "none": sum(row.category is None for row in rows)
    }


def _shown(plan: Estimate) -> dict[str, str]:
    return {
        "tickets": whole(plan.tickets),
        "requests": whole(plan.requests),
        "tokens": f"{whole(plan.prompt_tokens)} · {whole(plan.completion_tokens)}",
        "cost": usd(plan.cost),
        "time": duration(plan.seconds) if plan.seconds else "–",
    }


def _decide(request: HttpRequest, run: TriageRun) -> HttpResponse:
    try:
        if "drop" in request.POST:
            runs.cancel(run)
            record(request.user, run, _("Dropped the sample."))
            messages.info(request, _("The sample is dropped: no ticket was changed."))
        else:
            _start(run, apply_sample="apply" in request.POST)
            record(request.user, run, _("Started after a sample: %(model)s.") % {"model": run.model})
    except runs.RunError as error:
        messages.error(request, error.message)
    return redirect(run)


def _start(run: TriageRun, *, apply_sample: bool) -> None:
    """Start the whole run; beside its cost stands from now on what the sample promises."""
    rest, anew = sample.forecast(run, sample.bill(run))
    expected = rest.cost if apply_sample else anew.cost
    runs.start(run, now=timezone.now(), apply_sample=apply_sample)
    estimated = None if expected is None else F("cost") + expected
    TriageRun.objects.filter(pk=run.pk).update(estimated_cost=estimated)
