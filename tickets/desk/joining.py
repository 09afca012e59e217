"""The ways in for people who cannot log in yet: an invitation, or a password that is to be set anew."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.forms import BaseUserCreationForm, PasswordResetForm
from django.contrib.auth.models import Group, User
from django.contrib.auth.views import PasswordResetConfirmView, PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tickets.access import ADMINS
from tickets.letters import ask_for_password
from tickets.links import site_url
from tickets.models import Attempt, Invitation
from tickets.portal.http import HOUR, visitor_address

RESETS_BY_ADDRESS, RESETS_BY_VISITOR = 3, 30  # an hour


class JoinForm(BaseUserCreationForm):
    """Name and password of somebody who was invited; the rest is decided by the invitation."""

    class Meta(BaseUserCreationForm.Meta):
        fields = ("first_name", "last_name", "username")

    def __init__(self, data: Any, *, invitation: Invitation) -> None:
        known = invitation.email.partition("@")[0]
        super().__init__(data, label_suffix="", initial={"username": known}, instance=User(email=invitation.email))
        self.invitation = invitation
        for name, purpose in {"first_name": "given-name", "last_name": "family-name", "username": "username"}.items():
            self.fields[name].widget.attrs["autocomplete"] = purpose
        self.fields["username"].widget.attrs.pop("autofocus", None)
        self.fields["username"].help_text = _("What you log in with, and colleagues mention you by.")

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("Somebody else has this name. Choose another."))
        return name

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        """Raises Taken when the link was used meanwhile."""
        if not self.invitation.use(timezone.now()):
            raise Taken
        user: User = super().save(commit)
        for team in self.invitation.teams.all():
            team.members.add(user)
        if self.invitation.as_admin:
            user.groups.add(Group.objects.get_or_create(name=ADMINS)[0])
        return user


class Taken(Exception):
    """An invitation was used by somebody quicker."""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
def join(request: HttpRequest, token: str) -> HttpResponse:
    invitation = Invitation.by_token(token, timezone.now())
    if invitation is None:
        return _no_invitation(request)
    form = JoinForm(request.POST if request.method == "POST" else None, invitation=invitation)
    if request.method == "POST" and form.is_valid():
        try:
            user = form.save()
        except Taken:
            return _no_invitation(request)
        login(request, user, backend="tickets.accounts.ProfileBackend")
        return redirect("inbox")
    context = {"form": form, "invitation": invitation}
    return render(request, "registration/join.html", context, status=422 if form.is_bound else 200)


class AskForm(PasswordResetForm):
    """Django's form, which looks nothing up: what it asks for is stored, and the worker finds out."""

    def save(self, *_args: Any, request: HttpRequest | None = None, **_options: Any) -> None:
        assert request is not None
        now, email = timezone.now(), self.cleaned_data["email"].strip().lower()
        by_visitor = Attempt.allow(
            "reset-visitor", visitor_address(request), limit=RESETS_BY_VISITOR, window=HOUR, now=now
        )
        if Attempt.allow("reset", email, limit=RESETS_BY_ADDRESS, window=HOUR, now=now) and by_visitor:
            ask_for_password(email, language=translation.get_language(), site=site_url(request), now=now)


class AskForPassword(PasswordResetView):
    form_class = AskForm
    template_name = "registration/ask_password.html"
    success_url = reverse_lazy("password_reset_done")


class SetPassword(PasswordResetConfirmView):
    template_name = "registration/set_password.html"
    success_url = reverse_lazy("login")
    post_reset_login = False


def _no_invitation(request: HttpRequest) -> HttpResponse:
    """One answer for a forged, used, expired and withdrawn link."""
    return render(request, "registration/no_invitation.html", status=404)
