from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.admin.base import QuickAdmin
from tickets.letters import letter
from tickets.links import site_url
from tickets.mail.queue import queue_mail
from tickets.models import Invitation, OutgoingMail


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["email", "teams", "as_admin"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Somebody with this address has an account already."))
        return email


@admin.register(Invitation)
class InvitationAdmin(QuickAdmin):
    """Inviting is adding one; deleting it withdraws its link."""

    form = InvitationForm
    list_display = ["email", "teams_shown", "as_admin", "invited_by", "created", "state"]
    list_select_related = ["invited_by"]
    search_fields = ["email__startswith"]
    autocomplete_fields = ["teams"]
    ordering = ["-id"]
    sortable_by = ["id"]
    readonly_fields = ["link", "state", "invited_by", "created"]

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> list[str]:  # type: ignore[override]
        return (
            ["email", "teams", "as_admin"] if obj is None else ["email", "teams", "as_admin", *self.readonly_fields]
        )

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Looked at, not edited: what was offered to somebody stays what it was."""
        return obj is None and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("teams")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            self._send(request, form.instance)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.invited_by = request.user
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("teams"))
    def teams_shown(self, invitation: Invitation) -> str:
        return ", ".join(team.name for team in invitation.teams.all()) or "–"

    @admin.display(description=gettext_lazy("state"))
    def state(self, invitation: Invitation) -> str:
        if invitation.used:
            return _("accepted")
        return _("open") if invitation.is_open(timezone.now()) else _("expired")

    @admin.display(description=gettext_lazy("link"))
    def link(self, invitation: Invitation) -> SafeString | str:
        """To copy, where mail is off or went astray."""
        if not invitation.is_open(timezone.now()):
            return "–"
        return format_html("<code>{}{}</code>", settings.SITE_URL or "", invitation.path)

    def _send(self, request: HttpRequest, invitation: Invitation) -> None:
        link = f"{site_url(request)}{invitation.path}"
        body = letter("invitation", link=link, inviter=request.user)
        queued = queue_mail(invitation.email, _("Your place at the desk"), body, kind=OutgoingMail.Kind.ACCOUNT)
        if queued:
            self.message_user(request, _("An invitation is on its way to %(email)s.") % {"email": invitation.email})
        else:
            text = _("Mail is off. Give this link to %(email)s yourself; it works once, for a week:")
            sentence = format_html("{} <code>{}</code>", text % {"email": invitation.email}, link)
            self.message_user(request, sentence, messages.WARNING)
