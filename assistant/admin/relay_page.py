"""How the relay is doing, and the button that tests it. The key itself is never shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assistant.costs import health
from assistant.costs.connection import try_connection
from assistant.models import RelayModel

SESSION_KEY = "relay_test"
PROMISED_MS = 50


@require_http_methods(["GET", "HEAD", "POST"])
def relay_page(request: HttpRequest) -> HttpResponse:
    return _test(request) if request.method == "POST" else _show(request)


def _test(request: HttpRequest) -> HttpResponse:
    """Test, keep what came out in the session, and show the page anew: reloading it makes no further call."""
    model = request.POST.get("model", "")
    if not RelayModel.objects.filter(name=model, enabled=True).exists():
        messages.error(request, _("Choose one of the enabled models for the test."))
        return redirect("relay-status")
    assert isinstance(request.user, User)
    tested = try_connection(model, request.user, timezone.now())
    request.session[SESSION_KEY] = {"relay": health.shown_address(settings.RELAY_BASE_URL)} | tested.kept()
    return redirect("relay-status")


def _show(request: HttpRequest) -> HttpResponse:
    now = datetime.now(UTC)
    state = health.health()
    rows = list(RelayModel.objects.values("name", "best_for", "enabled"))
    test = _last_test(request)
    context = admin.site.each_context(request) | {
        "title": _("Relay"),
        "health": state,
        "simulated": state.simulated or bool(test and test["simulated"]),
        "relay_simulated": state.simulated,
        "address": health.shown_address(settings.RELAY_BASE_URL),
        "key_set": bool(settings.RELAY_API_KEY),
        "proxy": health.shown_address(settings.RELAY_PROXY) if settings.RELAY_PROXY else "",
        "may_test": settings.AI_ENABLED and bool(settings.RELAY_API_KEY),
        "choices": [row["name"] for row in rows if row["enabled"]],
        "preset": test["model"] if test else settings.TRIAGE_MODEL,
        "test": test,
        "promised_ms": PROMISED_MS,
        "models": _beside(rows, test),
        "first_token": health.first_token(now),
        "rates": health.rate_states(now),
    }
    return render(request, "admin/assistant/pages/relay.html", context)


def _last_test(request: HttpRequest) -> dict[str, Any] | None:
    """This admin's last test of the relay that is set now."""
    kept = request.session.get(SESSION_KEY)
    if not kept or kept["relay"] != health.shown_address(settings.RELAY_BASE_URL):
        return None
    return kept | {"at": datetime.fromisoformat(kept["at"])}


def _beside(rows: Sequence[Any], test: dict[str, Any] | None) -> dict[str, Any]:
    """Our models, each with whether the relay offers it (None: not known), and what it offers besides."""
    offered = test["offered"] if test else None
    ours = [row | {"offered": None if offered is None else row["name"] in offered} for row in rows]
    names = {row["name"] for row in rows}
    return {"ours": ours, "besides": sorted(set(offered or ()) - names), "known": offered is not None}
