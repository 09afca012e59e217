"""The ledger of calls to the relay, to be read."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.admin.filters import ModelFilter, OutcomeFilter
from assistant.admin.shown import whole
from assistant.costs.money import dollars, exact_usd
from assistant.models import RelayCall
from tickets.admin.base import ReadOnlyAdmin
from tickets.templatetags.desk import ago


@admin.register(RelayCall)
class RelayCallAdmin(ReadOnlyAdmin):
    list_display = [
        "at", "kind", "model", "tokens", "cost_shown", "latency", "first_token", "attempts", "outcome_shown",
    ]  # fmt: skip
    list_filter = ["state", "kind", OutcomeFilter, ModelFilter, "created"]
    list_select_related = ["user", "run", "price__model"]
    search_fields = ["=request_id"]
    search_help_text = _("The relay's request id, in full.")
    ordering = ["-created", "-id"]

    @admin.display(description=_("time"), ordering="created")
    def at(self, call: RelayCall) -> str:
        return ago(call.created)

    @admin.display(description=_("tokens in · out"))
    def tokens(self, call: RelayCall) -> str:
        counted = f"{whole(call.prompt_tokens)} · {whole(call.completion_tokens)}"
        return _unbroken(f"≈ {counted}" if call.estimated else counted)

    @admin.display(description=_("cost, USD"), ordering="cost")
    def cost_shown(self, call: RelayCall) -> str:
        if call.cost is not None:
            return _unbroken(dollars(call.cost), exact_usd(call.cost))
        if call.reserved_cost is None:
            return gettext("unknown")
        return _unbroken(f"≤ {dollars(call.reserved_cost)}", exact_usd(call.reserved_cost))

    @admin.display(description=_("latency"), ordering="latency_ms", empty_value="–")
    def latency(self, call: RelayCall) -> str | None:
        return None if call.latency_ms is None else _unbroken(f"{whole(call.latency_ms)} ms")

    @admin.display(description=_("first token"), ordering="ttft_ms", empty_value="–")
    def first_token(self, call: RelayCall) -> str | None:
        return None if call.ttft_ms is None else _unbroken(f"{whole(call.ttft_ms)} ms")

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_shown(self, call: RelayCall) -> str:
        settled = call.state == RelayCall.State.SETTLED and call.outcome
        return _unbroken(call.outcome if settled else call.get_state_display(), call.error)

    class Media:
        css = {"all": ["assistant/css/run.css"]}


def _unbroken(text: str, title: str = "") -> str:
    return format_html('<span class="run-nowrap" title="{}">{}</span>', title, text)
