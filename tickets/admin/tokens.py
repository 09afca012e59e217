from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin
from tickets.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(QuickAdmin):
    """Tokens are looked at and revoked here; their owners make them in the desk, so that nobody else sees them."""

    list_display = ["name", "user", "scopes", "created", "expiry", "last_used"]
    list_select_related = ["user"]
    search_fields = ["user__username__istartswith", "name__istartswith"]
    search_help_text = _("The beginning of a user name or a token's name")
    fields = ["name", "user", "scopes", "created", "expiry", "last_used"]
    readonly_fields = ["name", "user", "scopes", "created", "expiry", "last_used"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
