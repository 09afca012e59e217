from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin
from tickets.models import SavedReply


@admin.register(SavedReply)
class SavedReplyAdmin(QuickAdmin):
    list_display = ["name", "team", "owner", "updated"]
    list_select_related = ["team", "owner"]
    search_fields = ["name__istartswith"]
    search_help_text = _("The beginning of a name")
    autocomplete_fields = ["team", "owner"]

    def save_model(self, request: HttpRequest, obj: SavedReply, form: Any, change: bool) -> None:
        obj.updated = timezone.now()
        super().save_model(request, obj, form, change)
