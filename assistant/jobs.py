"""The jobs of settings.PERIODIC_JOBS. Any number of processes may ask; each job runs in one when it is due."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from assistant.models import PeriodicJob
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)

PERIOD = 1.0  # seconds between two looks at what is due
LATE = timedelta(seconds=30)


def run_due(now: datetime) -> list[str]:
    """Run the jobs that are due and not claimed by another process; returns their names.

    A job is a function that takes `now`. One that fails is logged, and the others run all the same.
    """
    ran = []
    for name, (path, seconds) in settings.PERIODIC_JOBS.items():
        if not PeriodicJob.claim(name, seconds, now):  # only now: what is claimed and not run waits a whole period
            continue
        ran.append(name)
        try:
            import_string(path)(now)
        except Exception:
            logger.exception("the periodic job %s failed", name)
            forget_connections()  # else it may take the next one along
    return ran


def worker_lives(now: datetime) -> bool:
    """Whether any process does the periodic jobs: every worker looks at them once a second."""
    rows = PeriodicJob.objects.filter(name__in=settings.PERIODIC_JOBS)  # a job of an earlier version stays as a row
    return rows.exists() and not rows.filter(due__lt=now - LATE).exists()


def worker_trouble() -> str:
    """A sentence for /readyz; empty while a worker lives."""
    if worker_lives(timezone.now()):
        return ""
    return _("No worker has been heard of for 30 seconds: start one with `python manage.py worker`.")


def run_until(stop: threading.Event) -> None:
    """Look for due jobs once a second until `stop` is set."""
    while not stop.wait(PERIOD):
        try:
            run_due(timezone.now())
        except Exception:
            logger.exception("periodic jobs could not be claimed; trying again")
            forget_connections()
    connections.close_all()
