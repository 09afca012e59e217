"""Mail in the admin: what is on its way, what came in, and what could not be read."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tickets.admin.base import ReadOnlyAdmin
from tickets.models import Mailbox, OutgoingMail, ReceivedMail, UnreadableMail

SHOWN = 20_000  # characters of an original


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "recipient", "subject", "state", "words", "attempts", "created", "sent"]
    list_filter = ["state", "kind"]
    exclude = ["body"]  # an invitation holds a link that logs somebody in
    raw_id_fields = ["ticket", "message"]
    search_fields = ["recipient__startswith", "=ticket__id", "=header_id"]
    search_help_text = _("The beginning of an address, the number of a ticket or a Message-ID")
    ordering = ["-id"]
    sortable_by = ["id"]


@admin.register(ReceivedMail)
class ReceivedMailAdmin(ReadOnlyAdmin):
    list_display = ["id", "outcome", "sender", "subject", "ticket_id", "why", "size", "received"]
    list_filter = ["outcome"]
    fields = ["outcome", "why", "sender", "subject", "header_id", "ticket", "size", "received", "as_it_came"]
    readonly_fields = ["as_it_came"]
    search_fields = ["sender__startswith", "=ticket__id", "=header_id"]
    search_help_text = _("The beginning of an address, the number of a ticket or a Message-ID")
    ordering = ["-id"]
    sortable_by = ["id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReceivedMail]:
        return super().get_queryset(request).defer("packed")

    @admin.display(description=_("as it came"))
    def as_it_came(self, mail: ReceivedMail) -> str:
        original = mail.original
        return original[:SHOWN].decode("utf-8", "replace") if original else str(_("No longer kept."))


@admin.register(UnreadableMail)
class UnreadableMailAdmin(ReceivedMailAdmin):
    list_display = ["id", "why", "sender", "subject", "size", "received"]
    list_filter = []

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReceivedMail]:
        return super().get_queryset(request).filter(outcome=ReceivedMail.Outcome.UNREADABLE)


@admin.register(Mailbox)
class MailboxAdmin(ReadOnlyAdmin):
    list_display = ["name", "checked", "last_uid", "words"]
    fields = ["name", "checked", "uid_validity", "last_uid", "words"]
