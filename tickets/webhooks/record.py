"""Writing down what is to be told, in the transaction of what it tells of: two statements, however much it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone

from tickets.models import WebhookDelivery
from tickets.webhooks import payloads, wishes

AT_ONCE = 500


def on_happening(
    sender: object, event: str, ids: Sequence[int] = (), data: Callable[[], dict[str, Any]] | None = None, **_: Any
) -> None:
    """Receiver of signals.happening."""
    wanted_by = wishes.who_wants(event) if ids or data else []
    if not wanted_by:
        return
    now = timezone.now()
    for start in range(0, len(ids) or 1, AT_ONCE):
        rows = [data()] if data else payloads.READ[event](ids[start : start + AT_ONCE])
        bodies = [payloads.body(event, row, now) for row in rows]
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(webhook_id=webhook_id, event=event, body=body, next_at=now, created=now)
            for webhook_id in wanted_by
            for body in bodies
        )
