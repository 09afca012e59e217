"""Who wants to hear of what, known for a few seconds, so that a change nobody is told of costs no query."""

from __future__ import annotations

import time
from typing import Any

from tickets.models import Webhook

KNOWN_FOR = 3.0  # seconds, until a process hears of what another one has changed

_known: dict[str, list[int]] = {}
_until = 0.0


def who_wants(event: str) -> list[int]:
    """Ids of the webhooks that are on and want this event."""
    global _known, _until
    if time.monotonic() >= _until:
        found: dict[str, list[int]] = {}
        for pk, events in Webhook.objects.filter(enabled=True).values_list("pk", "events"):
            for name in events:
                found.setdefault(name, []).append(pk)
        _known, _until = found, time.monotonic() + KNOWN_FOR
    return _known.get(event, [])


def forget(**_: Any) -> None:
    """Receiver of what saves or deletes a webhook in this process."""
    global _until
    _until = 0.0


def nobody() -> None:
    """Nobody wants anything until a webhook is saved: for tests, which count queries."""
    global _known, _until
    _known, _until = {}, float("inf")
