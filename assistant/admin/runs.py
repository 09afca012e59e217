"""Triage runs in the admin: their list, and the addresses of the pages where one is started and watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from assistant.admin.actions import choose_open_tickets
from assistant.admin.filters import ModelFilter
from assistant.admin.progress import VERBS, act_view, progress_json_view, progress_view
from assistant.admin.sample_page import sample_view
from assistant.admin.shown import whole
from assistant.admin.start import start_view
from assistant.costs.money import exact_usd, usd
from assistant.models import TriageItem, TriageRun
from tickets.admin.base import ReadOnlyAdmin


@admin.register(TriageRun)
class TriageRunAdmin(ReadOnlyAdmin):
    list_display = ["number", "state", "tickets", "model", "progress", "cost_shown", "created_by", "created"]
    list_filter = ["state", ModelFilter, "automatic", "created"]
    list_select_related = ["created_by"]
    change_list_template = "admin/assistant/triagerun/list.html"

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, Callable[..., HttpResponse], str, dict[str, Any]]] = [
            ("start/", start_view, "start", {}),
            ("sample/", sample_view, "sample", {}),
            ("progress/", progress_view, "progress", {}),
            ("progress.json", progress_json_view, "progress_json", {}),
            *((f"{verb.name}/", act_view, verb.name, {"verb": verb}) for verb in VERBS),
        ]
        own = [
            path(f"<int:run_id>/{end}", self.admin_site.admin_view(view), given, name=f"assistant_triagerun_{name}")
            for end, view, name, given in pages
        ]
        open_tickets = self.admin_site.admin_view(choose_open_tickets)
        return [*own, path("open/", open_tickets, name="assistant_triagerun_open"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A run has a page of its own instead of a form."""
        if not object_id.isdecimal():
            return super().change_view(request, object_id, form_url, extra_context)
        return redirect("admin:assistant_triagerun_progress", int(object_id))

    @admin.display(description=_("run"), ordering="id")
    def number(self, run: TriageRun) -> str:
        return f"#{run.pk}"

    @admin.display(description=_("tickets chosen"), ordering="total")
    def tickets(self, run: TriageRun) -> str:
        return run.chosen or whole(run.total)

    @admin.display(description=_("progress"))
    def progress(self, run: TriageRun) -> str:
        return format_html(
            '<progress class="run-bar" max="{}" value="{}"></progress> <span class="run-count">{} / {}</span>',
            run.total or 1, run.done, whole(run.done), whole(run.total),
        )  # fmt: skip

    @admin.display(description=_("cost"), ordering="cost")
    def cost_shown(self, run: TriageRun) -> str:
        return format_html('<span title="{}">{}</span>', exact_usd(run.known_cost), usd(run.known_cost))

    class Media:
        css = {"all": ["assistant/css/run.css"]}


@admin.register(TriageItem)
class TriageItemAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "run", "state", "category", "priority", "confidence", "reason"]
    list_filter = ["state"]
    ordering = ["-id"]
    fields = ["run", "ticket", "state", "category", "priority", "confidence", "error_code", "reason"]
    readonly_fields = ["category", "priority", "confidence"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TriageItem]:
        return super().get_queryset(request).select_related("ticket", "run", "classification__category")

    @admin.display(description=_("category"), empty_value="–")
    def category(self, item: TriageItem) -> str | None:
        found = item.classification
        return found.category.name if found and found.category else None

    @admin.display(description=_("priority"), empty_value="–")
    def priority(self, item: TriageItem) -> str | None:
        return item.classification.get_priority_display() if item.classification else None

    @admin.display(description=_("confidence"), empty_value="–")
    def confidence(self, item: TriageItem) -> str | None:
        found = item.classification
        return f"{found.confidence:.2f}" if found and found.confidence is not None else None
