"""The background worker: classifies tickets of running triage runs and does the periodic jobs."""

from __future__ import annotations

import logging
import os
import signal
import threading
from argparse import ArgumentTypeError
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from assistant import jobs
from assistant.triage.chunks import LEASE_SECONDS
from assistant.triage.engine import Engine
from tickets.mail import service
from tickets.webhooks import service as webhooks

logger = logging.getLogger(__name__)

MOST_REQUESTS = 64  # of all runs together; each run has its own limit below
LONGEST_LEASE = 3600.0
MAIL_PATIENCE = 5.0  # seconds in which mail and messages under way may still be handed over


def lease_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 1 <= seconds <= LONGEST_LEASE:
        raise ArgumentTypeError(f"must be from 1 to {LONGEST_LEASE:g} seconds, not {text}")
    return seconds


class Command(BaseCommand):
    help = "Work on triage runs and do the periodic jobs, until SIGTERM or Ctrl-C. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        text = "how long a worker that is not heard of keeps its tickets (default: 60)"
        parser.add_argument("--lease-seconds", type=lease_seconds, default=LEASE_SECONDS, metavar="S", help=text)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        logger.info("worker %s started; relay %s", os.getpid(), settings.RELAY_BASE_URL)
        senders = [*service.start(stop), *webhooks.start(stop)]
        threading.Thread(target=jobs.run_until, args=(stop,), name="periodic-jobs", daemon=True).start()
        Engine(MOST_REQUESTS, stop=stop, lease_seconds=options["lease_seconds"]).run()
        for thread in senders:
            thread.join(MAIL_PATIENCE)
        logger.info("worker %s ended", os.getpid())
