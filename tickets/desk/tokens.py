"""API tokens on the settings page: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tickets.audit import ADDITION, DELETION, record
from tickets.desk.http import AgentRequest, agent_required
from tickets.desk.profile import settings_page
from tickets.models import ApiToken
from tickets.models.api_token import Scope

MOST = 50  # of one person
LASTS = [
    ("30", gettext_lazy("30 days")),
    ("90", gettext_lazy("90 days")),
    ("365", gettext_lazy("A year")),
    ("", gettext_lazy("Until it is revoked")),
]
SCOPES = [
    (Scope.READ, gettext_lazy("Read tickets and all that belongs to them")),
    (Scope.WRITE, gettext_lazy("Open and change tickets, write messages")),
    (Scope.AI, gettext_lazy("Have the AI classify and draft, which costs money")),
]


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("What uses it, such as: shop, nightly report."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"), choices=SCOPES, widget=forms.CheckboxSelectMultiple, initial=[Scope.READ],
        error_messages={"required": gettext_lazy("A token that may do nothing is of no use: choose at least one.")},
    )  # fmt: skip
    lasts = forms.ChoiceField(label=gettext_lazy("It is good for"), choices=LASTS, required=False, initial="90")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@agent_required
def tokens(request: AgentRequest) -> HttpResponse:
    """The person's tokens. A new one is shown in the answer to the form that made it, and never again."""
    form = TokenForm(request.POST or None, label_suffix="")
    own = ApiToken.objects.filter(user=request.user)
    made = ""
    if form.is_bound and own.count() >= MOST:
        form.add_error(None, _("You have %(most)d tokens; revoke one that is no longer used.") % {"most": MOST})
    if form.is_bound and form.is_valid():
        days = form.cleaned_data["lasts"]
        token, made = ApiToken.issue(
            request.user,
            form.cleaned_data["name"],
            form.cleaned_data["scopes"],
            lasts=timedelta(days=int(days)) if days else None,
        )
        what = _("Made a token for: %(scopes)s.") % {"scopes": token.scopes}
        record(request.user, request.user, what, act=ADDITION, name=token.name)
        form = TokenForm(label_suffix="")
    return settings_page(
        request, "tickets/settings/tokens.html", form=form, tokens=list(own), made=made, now=timezone.now()
    )


@require_POST
@agent_required
def revoke(request: AgentRequest) -> HttpResponse:
    """What is revoked already stays so: a second click is no error."""
    chosen = request.POST.get("token", "")[:128].replace("\0", "")
    for token in ApiToken.objects.filter(user=request.user, pk=chosen):
        record(request.user, request.user, _("Revoked a token."), act=DELETION, name=token.name)
        token.delete()
    messages.success(request, _("Revoked: what uses this token can no longer get in."))
    return redirect("settings-tokens")
