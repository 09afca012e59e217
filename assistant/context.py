"""What every page knows of the assistant."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from assistant.models import RelayCall


def assistant(request: HttpRequest) -> dict[str, object]:
    """Template variables `ai_enabled`, and `relay_simulated`: the last answer named itself as simulated."""
    return {"ai_enabled": settings.AI_ENABLED, "relay_simulated": _relay_simulated}


def _relay_simulated() -> bool:
    """Asked by the templates that show it, so that a page without the badge costs no query."""
    answered = RelayCall.objects.filter(base_url=settings.RELAY_BASE_URL, outcome="ok")
    return bool(answered.values_list("simulated", flat=True).first())
