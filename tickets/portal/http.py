"""What all public pages share: the visitor's language, limits, and what browsers may keep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from tickets.models import Attempt, Customer

View = Callable[..., HttpResponseBase]
HOUR = timedelta(hours=1)


class TooMany(Exception):
    """More of one thing than one visitor or one address may do for now."""


def public(view: View) -> View:
    """A page for anybody, in the language the browser asks for. Too many tries are answered with 429."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        with translation.override(language_of(request)):
            try:
                response: HttpResponseBase = view(request, *args, **kwargs)
            except TooMany:
                response = portal_page(request, "portal/too_many.html", status=429)
                response["Retry-After"] = str(int(HOUR.total_seconds()))
        response.headers.setdefault("Content-Language", language_of(request))
        patch_vary_headers(response, ["Accept-Language", "HX-Request"])
        return response

    return shown


def private(view: View) -> View:
    """What one customer alone may see: kept nowhere, listed nowhere. Its address is told to no other site, since
    all our pages have the Referrer-Policy same-origin (no-referrer would make browsers send forms as from "null")."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return guarded


def portal_page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template, {"support_name": settings.SUPPORT_NAME, **context}, status=status)


def language_of(request: HttpRequest) -> str:
    """The first language the browser asks for that customers' pages are written in."""
    for wanted, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if spoken := spoken_language(wanted):
            return spoken
    return str(settings.LANGUAGE_CODE)


def spoken_language(wanted: str) -> str:
    """`wanted` (de, de-AT) as one of PORTAL_LANGUAGES; empty when there is none like it."""
    code = wanted.lower().partition("-")[0]
    return code if code in dict(settings.PORTAL_LANGUAGES) else ""


def language_for(customer: Customer, request: HttpRequest | None = None) -> str:
    """What the customer reads, as far as that is known, else what the browser asks for."""
    known = spoken_language(customer.language)
    return known or (language_of(request) if request else str(settings.LANGUAGE_CODE))


def limit(what: str, value: str, most: int, now: datetime, window: timedelta = HOUR) -> None:
    """Raises TooMany when `value` has done `what` `most` times within `window`."""
    if not Attempt.allow(what, value, limit=most, window=window, now=now):
        raise TooMany


def visitor_address(request: HttpRequest) -> str:
    """The network address of a visitor; of the proxy, unless the web server was told to trust it (see
    docs/customers.md)."""
    return str(request.META.get("REMOTE_ADDR", ""))
