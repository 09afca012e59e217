"""System checks: what an operator should hear before the first call leaves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register()
def relay_key_is_set(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.AI_ENABLED or settings.RELAY_API_KEY:
        return []
    hint = "Put the relay's key into RELAY_API_KEY, or set AI_ENABLED=0 to work without AI."
    return [Warning("No relay key is set: nothing can be classified or drafted.", hint=hint, id="assistant.W001")]
