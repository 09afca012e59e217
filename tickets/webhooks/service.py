"""What the worker runs for webhooks: threads in which no address keeps another waiting.

An address that answers has several lanes, one that fails has one. Under Celery each address is a task.
"""

from __future__ import annotations

import logging
import threading

from django.db import connections
from django.utils import timezone

from tickets.models import Webhook
from tickets.unreached import forget_connections
from tickets.webhooks import sending

logger = logging.getLogger(__name__)

PERIOD = 1.0  # seconds between two looks at the rows
THREADS = 16
LANES = 4  # for one address
PATIENCE = 1.0  # seconds for a message under way when the worker ends; it is sent again otherwise


def start(stop: threading.Event) -> list[threading.Thread]:
    """A thread that sends until `stop` is set."""
    thread = threading.Thread(target=send_until, args=(stop,), name="webhooks", daemon=True)
    thread.start()
    return [thread]


def send_until(stop: threading.Event) -> None:
    busy: dict[tuple[int, int, int], threading.Thread] = {}
    while not stop.wait(PERIOD):
        try:
            busy = {lane: thread for lane, thread in busy.items() if thread.is_alive()}
            for lane in _lanes():
                if lane not in busy and len(busy) < THREADS:
                    # Daemons: a receiver that hangs does not keep the worker from ending.
                    busy[lane] = threading.Thread(target=_work, args=(*lane, stop), name="webhook", daemon=True)
                    busy[lane].start()
        except Exception:
            logger.exception("webhooks could not be worked on; trying again")
            forget_connections()
    for thread in busy.values():
        thread.join(PATIENCE)
    connections.close_all()


def _lanes() -> list[tuple[int, int, int]]:
    """(webhook, lane, lanes) for each address with something to send."""
    due = sending.webhooks_due(timezone.now())
    failing = set(Webhook.objects.filter(pk__in=due, failing_since__isnull=False).values_list("pk", flat=True))
    found = [(pk, 1 if pk in failing else LANES) for pk in due]
    return [(pk, lane, lanes) for pk, lanes in found for lane in range(lanes)]


def _work(webhook_id: int, lane: int, lanes: int, stop: threading.Event) -> None:
    try:
        sending.send_to(webhook_id, timezone.now(), stop, lane=lane, lanes=lanes)
    except Exception:
        logger.exception("messages to webhook %s could not be sent; trying again", webhook_id)
    finally:
        connections.close_all()
