"""Requests of people who are logged in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class AgentRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


View = Callable[..., HttpResponseBase]


def agent_required(view: View) -> View:
    """Let only people who are logged in through. A part of a page cannot show the login form, so htmx is told to
    move the whole page there. What agents see is kept in no cache."""

    @wraps(view)
    def guarded(request: AgentRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if request.htmx:
                back = urlencode({"next": request.htmx.current_url_abs_path or "/"})
                return HttpResponseClientRedirect(f"{resolve_url(settings.LOGIN_URL)}?{back}")
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return guarded
