"""Drafts, to be read: whose they were and what became of them; and the presets, to be edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from assistant.models import Draft, DraftPreset
from tickets.admin.base import ReadOnlyAdmin


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "ticket", "author", "state", "model", "edited_share", "error_code", "created"]
    list_filter = ["kind", "state", "created"]
    list_select_related = ["ticket", "author"]
    fields = [
        "kind", "ticket", "author", "state", "model", "preset", "instruction", "tone", "original", "text",
        "finish_reason", "error_code", "error", "call", "sent_message", "edited_share", "created", "saved",
    ]  # fmt: skip
    readonly_fields = ["edited_share"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        return super().get_queryset(request).defer("text", "instruction", "original")

    @admin.display(description=_("edited before sending"), ordering="edited", empty_value="–")
    def edited_share(self, draft: Draft) -> str | None:
        return None if draft.edited is None else f"{draft.edited:.0%}"


@admin.register(DraftPreset)
class DraftPresetAdmin(admin.ModelAdmin):
    list_display = ["name", "instruction", "position", "active"]
    list_editable = ["position", "active"]

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Fields of a list have no label in sight: each says by itself what it is."""
        widgets = {
            "position": forms.NumberInput({"aria-label": _("Position"), "min": 0}),
            "active": forms.CheckboxInput({"aria-label": _("Active")}),
        }
        return super().get_changelist_formset(request, widgets=widgets, **kwargs)
