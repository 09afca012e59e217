"""What people set for themselves. A section is a page of its own: a view, a URL and a line in SECTIONS."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tickets.desk.http import AgentRequest, agent_required
from tickets.middleware import ZONE_COOKIE
from tickets.models import Profile
from tickets.models.profile import zone_of

# (name of the URL, symbol, title), in the order of the page
SECTIONS = [
    ("settings", "mine", gettext_lazy("You")),
    ("settings-password", "lock", gettext_lazy("Password")),
    ("settings-security", "check", gettext_lazy("Security")),
    ("settings-notifications", "bell", gettext_lazy("Notifications")),
    ("settings-tokens", "key", gettext_lazy("API tokens")),
]
_REGIONS = [
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
]  # fmt: skip

Choices = list[tuple[str, Any]]


def settings_page(request: AgentRequest, template: str, **context: Any) -> HttpResponse:
    """A section, with the list of all of them beside it; 422 where its form has errors."""
    form = context.get("form")
    refused = form is not None and form.is_bound and not form.is_valid()
    shown = {"section": "settings", "sections": SECTIONS} | context
    return render(request, template, shown, status=422 if refused else 200)


@cache
def _zones() -> Choices:
    """UTC, then the places of the world by region."""
    names: dict[str, Choices] = {region: [] for region in _REGIONS}
    for name in sorted(available_timezones()):
        region, _slash, place = name.partition("/")
        if place and region in names:
            names[region].append((name, place.replace("_", " ")))
    return [("UTC", "UTC"), *names.items()]


class ProfileForm(forms.ModelForm):
    first_name = forms.CharField(label=gettext_lazy("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=150, required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)
    theme = forms.ChoiceField(label=gettext_lazy("Colours"), choices=Profile.Theme.choices, widget=forms.RadioSelect)

    class Meta:
        model = Profile
        fields = ["time_zone", "language", "theme", "signature"]
        widgets = {"signature": forms.Textarea({"rows": 4})}

    def __init__(self, data: Any, *, user: User, browser_zone: str) -> None:
        names = {"first_name": user.first_name, "last_name": user.last_name}
        super().__init__(data, instance=Profile.of(user), initial=names, label_suffix="")
        self.user = user
        for name in names:
            self.fields[name].widget.attrs["autocomplete"] = {"first_name": "given-name"}.get(name, "family-name")
        as_browser = _("As the browser says: %(zone)s") % {"zone": browser_zone or settings.TIME_ZONE}
        self._offer("time_zone", [("", as_browser), *_zones()])
        self._offer("language", [("", _("As the browser asks for")), *settings.LANGUAGES])
        if len(settings.LANGUAGES) < 2:
            del self.fields["language"]

    def _offer(self, name: str, choices: Choices) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @transaction.atomic
    def save(self, commit: bool = True) -> Profile:
        for name in ("first_name", "last_name"):
            setattr(self.user, name, self.cleaned_data[name])
        self.user.save(update_fields=["first_name", "last_name"])
        profile: Profile = super().save(commit)
        return profile


@require_http_methods(["GET", "HEAD", "POST"])
@agent_required
def profile(request: AgentRequest) -> HttpResponse:
    zone = zone_of(request.COOKIES.get(ZONE_COOKIE, ""))
    form = ProfileForm(request.POST or None, user=request.user, browser_zone=zone.key if zone else "")
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("settings")
    return settings_page(request, "tickets/settings/profile.html", form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@agent_required
def password(request: AgentRequest) -> HttpResponse:
    form = PasswordChangeForm(request.user, request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, form.user)
        messages.success(request, _("Your password has been changed. You stay logged in here; other devices do not."))
        return redirect("settings-password")
    return settings_page(request, "tickets/settings/password.html", form=form)
