from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from tickets.models import WebhookDelivery

KEPT = timedelta(days=30)
AT_ONCE = 2000


def purge(now: datetime) -> int:
    """Periodic job: the log goes back 30 days. Deleted in steps, so that nobody waits for one of them."""
    gone = 0
    while ids := list(WebhookDelivery.objects.filter(created__lt=now - KEPT).values_list("pk", flat=True)[:AT_ONCE]):
        gone += WebhookDelivery.objects.filter(pk__in=ids).delete()[0]
    return gone


def forget_erased(sender: object, ticket_ids: Sequence[int], **_: Any) -> None:
    """Receiver of signals.tickets_erased: messages that tell of these tickets are deleted, sent or not. Quotation
    marks within a text are escaped in JSON, so only fields are found."""
    for start in range(0, len(ticket_ids), 100):
        about = Q(pk__in=[])
        for pk in ticket_ids[start : start + 100]:
            about |= Q(body__contains=f'"ticket":{pk},')
            about |= Q(event__startswith="ticket.", body__contains=f'"data":{{"id":{pk},')
        WebhookDelivery.objects.filter(about).delete()
