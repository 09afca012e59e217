"""The login form and, for who has one, the second step after it. Nobody is logged in between the two."""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.contrib.auth import load_backend
from django.contrib.auth import login as log_in
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tickets.signin import second_step

KEPT = "second_step"  # in the session of somebody who has given the right password
SECONDS = 600


class PasswordStep(LoginView):
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        if not second_step.has_second_step(user):
            return super().form_valid(form)
        self.request.session.cycle_key()
        self.request.session[KEPT] = {
            "user": user.pk, "backend": user.backend, "hash": user.get_session_auth_hash(),
            "next": self.get_success_url(), "until": time.time() + SECONDS,
        }  # fmt: skip
        return redirect("login-code")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, label_suffix="")
        self.user = user

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        locked = second_step.seconds_locked(self.user)
        if locked:
            raise ValidationError(_("Too many wrong codes. Try again in %(s)d s.") % {"s": locked})
        if not second_step.accepts(self.user, code):
            raise ValidationError(_("This code is not right. Codes change every 30 seconds; each works once."))
        return code


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def code_step(request: HttpRequest) -> HttpResponse:
    kept = request.session.get(KEPT)
    user = _awaited(kept)
    if kept is None or user is None:
        request.session.pop(KEPT, None)
        return redirect("login")
    form = CodeForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        del request.session[KEPT]
        log_in(request, user, backend=kept["backend"])
        return redirect(kept["next"])
    return render(request, "registration/code.html", {"form": form}, status=422 if form.errors else 200)


def _awaited(kept: dict[str, Any] | None) -> User | None:
    """Who gave the right password lately; None when that was too long ago or it has been changed since."""
    if not kept or kept["until"] < time.time():
        return None
    user = load_backend(kept["backend"]).get_user(kept["user"])  # None for who was deactivated meanwhile
    return user if isinstance(user, User) and user.get_session_auth_hash() == kept["hash"] else None
