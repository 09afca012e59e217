from __future__ import annotations

from datetime import datetime, timedelta

from tickets.models import WebhookDelivery

KEPT = timedelta(days=30)
AT_ONCE = 2000


def purge(now: datetime) -> int:
    """Periodic job: the log goes back 30 days. Deleted in steps, so that nobody waits for one of them."""
    gone = 0
    while ids := list(WebhookDelivery.objects.filter(created__lt=now - KEPT).values_list("pk", flat=True)[:AT_ONCE]):
        gone += WebhookDelivery.objects.filter(pk__in=ids).delete()[0]
    return gone
