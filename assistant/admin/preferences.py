"""The installation's preferences: one row, one page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from assistant.admin.shown import whole
from assistant.costs.money import usd
from assistant.models import Preferences
from assistant.triage.automatic import paused_run, usual_cost


@admin.register(Preferences)
class PreferencesAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One row needs no list."""
        if not Preferences.objects.exists():
            Preferences().save()
        return redirect("admin:assistant_preferences_change", 1)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = ["automatic_triage", "automatic_imports"]
        return [
            (_("Automatic triage"), {"fields": fields, "description": _what_it_costs()}),
            (_("Personal data"), {"fields": ["mask_drafts", "mask_triage"]}),
        ]


def _what_it_costs() -> SafeString:
    found = usual_cost(timezone.now())
    said = _(
        "On %(model)s a new ticket costs about %(together)s where many come at once and %(alone)s where it comes "
        "alone. Tickets opened in the last 30 days, imports aside: %(month)s, which would have been %(least)s to "
        "%(most)s. The monthly budget holds here as everywhere."
    ) % {
        "model": found.model, "together": usd(found.together), "alone": usd(found.alone), "month": whole(found.month),
        "least": usd(found.together and found.together * found.month),
        "most": usd(found.alone and found.alone * found.month),
    }  # fmt: skip
    held = paused_run()
    if held is not None:
        text = _("New tickets wait at present, since an automatic run is paused: {}")
        link = format_html('<a href="{}">{}</a>. {}', held.get_absolute_url(), held, held.pause_reason)
        return format_html_join("", "<p>{}</p>", [(said,), (format_html(text, link),)])
    return format_html("{}", said)
