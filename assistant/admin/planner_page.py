"""What a month would cost. The form is a GET form, so a plan is a link."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assistant.costs.money import cny, usd
from assistant.costs.planner import HUNDRED, Bill, Plan, make_plan
from assistant.models import RelayModel, RelayPrice
from assistant.relay.types import Usage

RELAY_RATE, MARKET_RATE = Decimal("1.0"), Decimal("7.3")
SHARE = "share-"
UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
NUMBER = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?([kmb]?)", re.ASCII)
MOST_TOKENS = 10**15
NO_NUMBER = {
    "invalid": gettext_lazy("Write a number, such as 7.3."),
    "required": gettext_lazy("Write a number, such as 7.3."),
}
TYPED = forms.TextInput({"inputmode": "decimal", "autocomplete": "off", "size": 10})


class TokensField(forms.CharField):
    """A number of tokens: 10000000, 10,000,000, 10 000 000 or 10M. Empty is none."""

    def clean(self, value: Any) -> int:
        text = re.sub(r"[\s_]", "", super().clean(value)).lower()
        if not text:
            return 0
        found = NUMBER.fullmatch(text)
        tokens = Decimal(found[1].replace(",", "") + (found[2] or "")) * UNITS[found[3]] if found else None
        if tokens is None or tokens != int(tokens):
            raise forms.ValidationError(_("Write a whole number of tokens, such as 10,000,000 or 10M."))
        if tokens > MOST_TOKENS:
            raise forms.ValidationError(_("That is more than a quadrillion tokens a month: write a smaller number."))
        return int(tokens)


class PlanForm(forms.Form):
    """Tokens, a share for each model with a known price, and two rates of exchange."""

    input = TokensField(label=gettext_lazy("Input tokens a month"), required=False, max_length=40, widget=TYPED)
    output = TokensField(label=gettext_lazy("Output tokens a month"), required=False, max_length=40, widget=TYPED)
    relay_rate = forms.DecimalField(
        label=gettext_lazy("Relay’s rate, CNY for 1 USD"),
        min_value=0,
        max_value=10_000,
        widget=TYPED,
        error_messages=NO_NUMBER,
    )
    market_rate = forms.DecimalField(
        label=gettext_lazy("Market’s rate, CNY for 1 USD"),
        min_value=0,
        max_value=10_000,
        widget=TYPED,
        error_messages=NO_NUMBER,
    )

    def __init__(self, data: QueryDict | dict[str, str], prices: dict[str, RelayPrice]) -> None:
        given = {"relay_rate": str(RELAY_RATE), "market_rate": str(MARKET_RATE)}
        given |= {name: str(data[name]) for name in data}
        super().__init__(given, label_suffix="")
        self.prices = prices
        self.strangers = sorted(
            name.removeprefix(SHARE)
            for name, typed in given.items()
            if name.startswith(SHARE) and name.removeprefix(SHARE) not in prices and typed.strip() not in {"", "0"}
        )
        for name in prices:
            self.fields[SHARE + name] = forms.DecimalField(
                label=name, required=False, min_value=0, max_value=1_000_000, widget=TYPED, error_messages=NO_NUMBER
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.strangers:
            text = _("No price is known for %(names)s, or it is switched off: leave it out, or add a price first.")
            raise forms.ValidationError(text % {"names": ", ".join(self.strangers)})
        if not self.prices:
            raise forms.ValidationError(_("No enabled model has a known price: add one under Relay prices."))
        values["weights"] = {name: values.get(SHARE + name) or Decimal(0) for name in self.prices}
        if not self.errors and not sum(values["weights"].values()):
            raise forms.ValidationError(_("Give at least one model a share above 0."))
        return values

    def plan(self) -> Plan:
        values = self.cleaned_data
        return make_plan(
            tokens=Usage(values["input"], values["output"]),
            weights=values["weights"],
            prices=self.prices,
            relay_rate=values["relay_rate"],
            market_rate=values["market_rate"],
        )


@require_safe
def planner_page(request: HttpRequest) -> HttpResponse:
    prices = dict(sorted(RelayPrice.all_current(timezone.now()).items()))
    form = PlanForm(request.GET or _first_plan(prices), prices)
    unpriced = RelayModel.objects.filter(enabled=True).exclude(name__in=prices).values_list("name", flat=True)
    context = admin.site.each_context(request) | {
        "title": _("Cost planner"),
        "form": form,
        "mix": [
            (form[SHARE + name], price, _price(price.input), _price(price.output)) for name, price in prices.items()
        ],
        "unpriced": list(unpriced),
    }
    if not form.is_valid():
        return render(request, "admin/assistant/pages/planner.html", context, status=400)
    plan, given = form.plan(), sum(form.cleaned_data["weights"].values())
    context |= {
        "bill": _shown(plan.bill),
        "shares": [(name, _percent(share)) for name, share in plan.shares.items()],
        "scaled": _number(given) if given != HUNDRED else "",
        "alone": [(name, prices[name], _shown(bill)) for name, bill in plan.alone],
        "tokens": {name: f"{form.cleaned_data[name]:,}" for name in ("input", "output")},
        "rates": {name: _number(form.cleaned_data[name]) for name in ("relay_rate", "market_rate")},
    }
    return render(request, "admin/assistant/pages/planner.html", context)


def _first_plan(prices: dict[str, RelayPrice]) -> dict[str, str]:
    """Something to change rather than an empty page: bulk work with some drafting, where both models have a price."""
    mix = {settings.TRIAGE_MODEL: "70", settings.DRAFT_MODEL: "30"}
    known = {SHARE + name: share for name, share in mix.items() if name in prices}
    return {"input": "0", "output": "10M"} | (known or {SHARE + name: "100" for name in list(prices)[:1]})


def _shown(bill: Bill) -> dict[str, Any]:
    return {
        "usd": usd(bill.usd), "usd_year": usd(bill.usd_year),
        "cny_relay": cny(bill.cny_relay), "cny_market": cny(bill.cny_market),
        "cny_relay_year": cny(bill.cny_relay * 12), "cny_market_year": cny(bill.cny_market * 12),
        "saving": cny(abs(bill.saving)), "saving_year": cny(abs(bill.saving_year)), "dearer": bill.saving < 0,
    }  # fmt: skip


def _percent(share: Decimal) -> str:
    return f"{_number(share.quantize(Decimal('0.01')))} %"


def _price(value: Decimal) -> str:
    """As many places as it has, two at least: $0.30, $0.075."""
    text = f"{value.normalize():f}"
    return f"${text if len(text.partition('.')[2]) > 2 else f'{value:.2f}'}"


def _number(value: Decimal) -> str:
    """Without zeros at the end: 7.30 is 7.3, 100 stays 100."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
