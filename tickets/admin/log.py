from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tickets.access import is_admin
from tickets.admin.base import ReadOnlyAdmin
from tickets.models import Message, TicketEvent


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["id", "ticket", "kind", "author", "beginning", "delivery", "created"]
    list_filter = ["kind", "delivery"]
    list_select_related = ["ticket", "author"]
    search_fields = ["=ticket__id"]
    search_help_text = _("The number of a ticket")
    ordering = ["-id"]
    sortable_by = ["id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).annotate(beginning=Left("body", 120))

    @admin.display(description=_("text"))
    def beginning(self, message: Message) -> str:
        return message.beginning  # type: ignore[attr-defined]


@admin.register(TicketEvent)
class TicketEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "ticket", "kind", "old", "new", "actor", "cause", "created"]
    list_filter = ["kind"]
    list_select_related = ["ticket", "actor"]
    search_fields = ["=ticket__id"]
    search_help_text = _("The number of a ticket")
    ordering = ["-id"]
    sortable_by = ["id"]


@admin.register(LogEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Who did what in the administration, and when."""

    list_display = ["action_time", "user", "action_flag", "content_type", "number", "called", "what"]
    list_display_links = None
    list_filter = ["action_flag", "action_time", ("content_type", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "content_type"]
    search_fields = ["user__username__istartswith", "=object_id"]
    search_help_text = _("The beginning of a user name, or the number of what was changed")
    ordering = ["-id"]
    sortable_by = ["action_time"]
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        """For every admin; the Admins group has no permissions of Django's own apps."""
        return is_admin(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    @admin.display(description=_("number"))
    def number(self, entry: LogEntry) -> str:
        return entry.object_id or ""

    @admin.display(description=_("called"))
    def called(self, entry: LogEntry) -> str:
        return entry.object_repr

    @admin.display(description=_("what"))
    def what(self, entry: LogEntry) -> str:
        return entry.get_change_message()
