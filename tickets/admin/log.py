from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

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
