"""The security section of a person's settings: the second step, and where they are logged in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tickets.audit import record
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.profile import settings_page
from tickets.models import Login
from tickets.signin import second_step

_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}


class FirstCodeForm(forms.Form):
    code = forms.CharField(label=gettext_lazy("Code of the app"), max_length=10, widget=forms.TextInput(_CODE))


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Your password"), widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, label_suffix="")
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your password."))
        return password


@require_http_methods(["GET", "HEAD"])
@agent_required
def security(request: AgentRequest) -> HttpResponse:
    return _page(request)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@agent_required
def set_up(request: AgentRequest) -> HttpResponse:
    """The QR code; its first code switches the second step on and shows the backup codes, once."""
    if second_step.has_second_step(request.user):
        return redirect("settings-security")
    form = FirstCodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        codes = second_step.confirm(request.user, form.cleaned_data["code"])
        if codes:
            record(request.user, request.user, _("Set up the second step of login."))
            return _page(request, codes=codes)
        form.add_error("code", _("This code is not right. Is the clock of your phone?"))
    device = second_step.begin(request.user)
    shown = {"form": form, "picture": second_step.qr_code(device), "secret": second_step.typed_secret(device)}
    return settings_page(request, "tickets/settings/second_step.html", section="settings-security", **shown)


@require_POST
@sensitive_post_parameters()
@agent_required
def change(request: AgentRequest) -> HttpResponse:
    """Switch the second step off, or make new backup codes; both ask for the password."""
    form = PasswordForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form=form)
    if "new_codes" in request.POST and second_step.has_second_step(request.user):
        return _page(request, codes=second_step.new_backup_codes(request.user))
    second_step.remove(request.user)
    record(request.user, request.user, _("Removed the second step of login."))
    messages.success(request, _("Your password alone is enough again."))
    return redirect("settings-security")


@require_POST
@agent_required
def log_out(request: AgentRequest, login_id: int | None = None) -> HttpResponse:
    """End one login of this person, or all but the present one."""
    own = Login.objects.filter(user=request.user)
    chosen = own.filter(pk=login_id) if login_id else own.exclude(session_key=request.session.session_key)
    ended = Login.end(chosen)
    messages.success(
        request, _("Logged out in %(n)d places.") % {"n": ended} if ended != 1 else _("Logged out there.")
    )
    return redirect("settings-security")


def _page(request: AgentRequest, form: PasswordForm | None = None, codes: list[str] | None = None) -> HttpResponse:
    shown = {
        "form": form or PasswordForm(None, user=request.user),
        "codes": codes,
        "has_second_step": second_step.has_second_step(request.user),
        "codes_left": second_step.backup_codes_left(request.user),
        "logins": Login.alive().filter(user=request.user)[:50],
        "here": request.session.session_key,
    }
    return settings_page(request, "tickets/settings/security.html", **shown)
