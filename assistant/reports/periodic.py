"""The report of the month that is over, written by the worker on the first days of the next, with nobody asking."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, date, datetime, timedelta

from django.db import DatabaseError, InterfaceError, connections

from assistant import ledger
from assistant.models import MonthlyReport, RelayCall
from assistant.reports.figures import first_of_next
from assistant.reports.monthly import STALE, ReportError, write_report

logger = logging.getLogger(__name__)

DAYS = 5  # of a month, in UTC, on which the report of the last one is written
TRIES = 3  # where the relay gives no text; a person's button has no such bound


def write_in_background(now: datetime) -> threading.Thread | None:
    """Periodic job: write the report that is due, in a thread of its own, since the relay may take its time and the
    other jobs should not wait. None when none is due."""
    month = due(now)
    if month is None:
        return None
    thread = threading.Thread(target=_write_and_close, args=(month, now), name="monthly-report", daemon=True)
    thread.start()
    return thread


def due(now: datetime) -> date | None:
    """The first day of the last month, where there is no report of it yet and the AI has worked in it."""
    today = now.astimezone(UTC).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    if today.day > DAYS or not _is_available():
        return None
    reports = MonthlyReport.objects.filter(month=month)
    under_way = reports.filter(state=MonthlyReport.State.WRITING, created__gte=now - STALE)
    if reports.filter(state=MonthlyReport.State.DONE).exists() or under_way.exists():
        return None
    if reports.filter(author=None, state=MonthlyReport.State.FAILED).count() >= TRIES:
        return None
    begun, over = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, first_of_next(month)))
    return month if RelayCall.objects.filter(created__gte=begun, created__lt=over).exists() else None


def _is_available() -> bool:
    try:
        ledger.check_available()
    except ledger.AIUnavailable:
        return False
    return True


def write(month: date, now: datetime) -> MonthlyReport | None:
    """The report of a month, None where there is none: a budget is used up, the relay failed, somebody else is at it.
    The reason is kept with the figures, for the page."""
    try:
        return write_report(month, user=None, now=now)
    except ReportError as error:
        logger.warning("the report of %s is not written: %s", f"{month:%Y-%m}", error.message)
        return None


def _write_and_close(month: date, now: datetime) -> None:
    try:
        write(month, now)
    except (DatabaseError, InterfaceError):
        logger.exception("the report of %s could not be kept; the next try follows", f"{month:%Y-%m}")
    finally:
        connections.close_all()
