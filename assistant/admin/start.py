"""The page between choosing tickets and classifying them: what it will cost on each model, and the button."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistant.admin.shown import duration, whole
from assistant.costs.money import usd
from assistant.ledger import AIUnavailable, check_available
from assistant.models import RelayModel, RelayPrice, TriageRun
from assistant.triage import runs, sample
from assistant.triage.estimate import Estimate, estimate, estimates_of
from assistant.triage.writing import writing
from tickets.audit import record

OTHER = ""  # the radio button of the field “another model”
UNSTARTED = frozenset({TriageRun.State.DRAFT, TriageRun.State.SAMPLED})


class StartForm(forms.ModelForm):
    """How a run is to be made: the model, and the limits it keeps to."""

    model = forms.CharField(required=False, max_length=100)
    other_model = forms.CharField(label=gettext_lazy("Another model"), required=False, max_length=100)
    batch_size = forms.IntegerField(label=gettext_lazy("Tickets in one request"), min_value=1, max_value=100)
    concurrency = forms.IntegerField(label=gettext_lazy("Requests at once"), min_value=1, max_value=64)
    rpm = forms.IntegerField(
        label=gettext_lazy("Requests a minute"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=gettext_lazy("Empty: as many as the relay allows."),
    )
    max_cost = forms.DecimalField(
        label=gettext_lazy("Cost limit, USD"),
        required=False,
        min_value=Decimal("0.0001"),
        max_digits=20,
        decimal_places=10,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("The run pauses before it would cost more. Empty: no limit of its own."),
    )
    size = forms.IntegerField(
        label=gettext_lazy("Tickets in a sample"), required=False, min_value=1, max_value=sample.MOST,
        initial=sample.SIZE,
    )  # fmt: skip

    class Meta:
        model = TriageRun
        fields = ["model", "batch_size", "concurrency", "rpm", "max_cost"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = cleaned.get("model") or (cleaned.get("other_model") or "").strip()
        if not named:
            self.add_error("other_model", _("Choose a model, or write the name of another."))
            return cleaned
        model = RelayModel.resolve(named)
        if self._keeps_budget() and RelayPrice.current(model, timezone.now()) is None:
            text = _("The price of %(model)s is not known, so no cost limit can be kept: add a price, choose another "
                     "model or leave out the limit.")  # fmt: skip
            self.add_error("other_model" if not cleaned.get("model") else "model", text % {"model": model})
        return {**cleaned, "model": model}

    def _keeps_budget(self) -> bool:
        budgets = (self.cleaned_data.get("max_cost"), settings.MONTHLY_BUDGET_USD, settings.USER_DAILY_BUDGET_USD)
        return any(budget is not None for budget in budgets)


@dataclass(frozen=True)
class ModelRow:
    """One model in the table of choices."""

    name: str
    best_for: str
    price: str
    cost: str
    chosen: bool


def start_view(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(TriageRun, pk=run_id)
    if run.state not in UNSTARTED:
        return redirect(run)
    if request.method != "POST":
        return _page(request, run, None)
    if "cancel" in request.POST:
        return _cancel(request, run)
    form = StartForm(request.POST, instance=run)
    if not form.is_valid():
        return _page(request, run, form)
    if not {"start", "sample"} & request.POST.keys():
        run.save(update_fields=form.Meta.fields)
        return redirect("admin:assistant_triagerun_start", run.pk)
    if not _start(form):
        return _page(request, run, form)
    what = _("Started a sample: %(model)s.") if "sample" in request.POST else _("Started: %(model)s.")
    record(request.user, run, what % {"model": run.model})
    return redirect(run)


def _cancel(request: HttpRequest, run: TriageRun) -> HttpResponse:
    try:
        runs.cancel(run)
    except runs.RunError as error:
        messages.error(request, error.message)
        return redirect(run)
    record(request.user, run, _("Dropped before its start."))
    messages.info(request, _("Nothing was classified."))
    return redirect("admin:tickets_ticket_changelist")


def _start(form: StartForm) -> bool:
    """Start the run as the form says; a refusal is told on the page and changes nothing."""
    run: TriageRun = form.instance
    try:
        check_available()
        size = _sample_size(form)
        run.estimated_cost = _expected(run, size)
        with writing():
            run.save(update_fields=[*form.Meta.fields, "estimated_cost"])
            if size:
                runs.take_sample(run, size=size, now=timezone.now())
            else:
                runs.start(run, now=timezone.now())
    except (AIUnavailable, runs.RunError) as error:
        form.add_error(None, error.message)
        return False
    return True


def _sample_size(form: StartForm) -> int:
    """0 where the whole run is to be started."""
    return (form.cleaned_data["size"] or sample.SIZE) if "sample" in form.data else 0


def _expected(run: TriageRun, size: int) -> Decimal | None:
    """What a sample of `size`, or the whole run, should cost together with what it has cost already."""
    found = estimate(run)
    if found.cost is None or run.known_cost is None:
        return None
    share = Decimal(min(size or run.total, run.total)) / max(found.tickets, 1)
    return run.known_cost + (found.cost * share).quantize(Decimal("1E-10"))


def _page(request: HttpRequest, run: TriageRun, refused: StartForm | None) -> HttpResponse:
    # A form that was refused has put what it was given into `run`.
    stored = TriageRun.objects.get(pk=run.pk) if refused else run
    found = estimates_of(stored, _offers(stored.model))
    listed = [row for row in found if row[0].enabled]
    own = next(said for model, _price, said in found if model.name == stored.model)
    named = {"model": run.model} if any(row[0].name == run.model for row in listed) else {"other_model": run.model}
    form = refused or StartForm(instance=run, initial={"model": OTHER, **named})
    context = {
        **admin.site.each_context(request),
        "title": _("Classify %(n)s tickets with AI") % {"n": whole(stored.total)},
        "opts": TriageRun._meta,
        "run": stored,
        "form": form,
        "limits": [form[name] for name in ("batch_size", "concurrency", "rpm", "max_cost")],
        "rows": _rows(listed, form["model"].value() or OTHER),
        "figures": _figures(own),
        "size": form["size"],
        "labelled_by_people": own.labelled_by_people,
        "refusal": _refusal(),
    }
    return TemplateResponse(request, "admin/assistant/triagerun/start.html", context)


def _offers(chosen: str) -> list[tuple[RelayModel, RelayPrice | None]]:
    """All models that can be chosen, and the one that is, which nobody may know."""
    offers = RelayPrice.offers(timezone.now(), also=chosen)
    known = any(model.name == chosen for model, _price in offers)
    return offers if known else [*offers, (RelayModel(name=chosen, enabled=False), None)]


def _rows(listed: list[tuple[RelayModel, RelayPrice | None, Estimate]], chosen: str) -> list[ModelRow]:
    return [
        ModelRow(model.name, model.best_for, _price(price), _about(found.cost), model.name == chosen)
        for model, price, found in listed
    ]


def _price(price: RelayPrice | None) -> str:
    return _("unknown") if price is None else f"{price.input:.2f} · {price.output:.2f}"


def _about(cost: Decimal | None) -> str:
    return usd(cost) if cost is None else f"≈ {usd(cost)}"


def _figures(found: Estimate) -> dict[str, str]:
    return {
        "requests": whole(found.requests),
        "prompt_tokens": whole(found.prompt_tokens),
        "completion_tokens": whole(found.completion_tokens),
        "time": duration(found.seconds),
        "cost": _about(found.cost),
    }


def _refusal() -> str:
    try:
        check_available()
    except AIUnavailable as error:
        return error.message
    return ""
