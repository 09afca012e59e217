from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import QuickAdmin, RightsRecorded
from tickets.admin.privacy import CustomerData
from tickets.models import Customer, Team


@admin.register(Customer)
class CustomerAdmin(CustomerData, QuickAdmin):
    list_display = ["email", "name", "created"]
    search_fields = ["email__startswith", "name__istartswith"]
    search_help_text = _("The beginning of an address or a name")
    ordering = ["-id"]
    sortable_by = ["email"]


@admin.register(Team)
class TeamAdmin(RightsRecorded, QuickAdmin):
    rights = ("members", "categories")
    list_display = ["name", "members_shown", "categories_shown"]
    search_fields = ["name__istartswith"]
    autocomplete_fields = ["members", "categories"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).prefetch_related("members", "categories")

    @admin.display(description=_("members"))
    def members_shown(self, team: Team) -> str:
        return ", ".join(sorted(user.get_username() for user in team.members.all()))

    @admin.display(description=_("categories"))
    def categories_shown(self, team: Team) -> str:
        return ", ".join(category.name for category in team.categories.all())
