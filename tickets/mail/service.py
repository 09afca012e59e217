"""What the worker runs for mail: two threads, so that a mail server that hangs keeps nothing else waiting.

Under Celery the same two functions are tasks (tickets/tasks.py). Both may run in any number of processes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connections
from django.utils import timezone

from tickets.mail.incoming import imap
from tickets.mail.outgoing import sending
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)

OUTBOX_PERIOD = 1.0  # seconds between two looks at the outbox
LONGEST_PAUSE = 60.0  # seconds before a mailbox that failed is tried again


def start(stop: threading.Event) -> list[threading.Thread]:
    """Threads that send and fetch mail until `stop` is set, for what is set up."""
    wanted: dict[str, Callable[[threading.Event], None]] = {}
    if settings.MAIL_ON:
        wanted["outbox"] = send_until
    if settings.MAILBOX is not None:
        wanted["mailbox"] = fetch_until
    threads = [threading.Thread(target=run, args=(stop,), name=name, daemon=True) for name, run in wanted.items()]
    for thread in threads:
        thread.start()
    return threads


def send_until(stop: threading.Event) -> None:
    while not stop.wait(OUTBOX_PERIOD):
        try:
            sending.send_due(timezone.now(), stop)
        except Exception:
            logger.exception("the outbox could not be worked on; trying again")
            forget_connections()
    connections.close_all()


def fetch_until(stop: threading.Event) -> None:
    pause = 1.0
    while not stop.is_set():
        try:
            imap.watch(settings.MAILBOX, stop)
            pause = 1.0
        except imap.MailboxError as error:
            logger.warning("mail is not fetched: %s; trying again in %.0f s", error, pause)
        except Exception:
            logger.exception("mail could not be fetched; trying again in %.0f s", pause)
        connections.close_all()
        stop.wait(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
