"""Tickets that are put aside until a moment: when the moment comes, they are open again."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets import signals
from tickets.models import Ticket, TicketEvent
from tickets.models.choices import Status

MORNING = time(9)
FURTHEST = timedelta(days=366)
_AT_ONCE = 500  # tickets a transaction


def tomorrow(now: datetime) -> datetime:
    """Nine o'clock tomorrow, in the time zone that is active."""
    return _morning(now, 1)


def monday(now: datetime) -> datetime:
    """Nine o'clock next Monday, in the time zone that is active."""
    return _morning(now, 7 - timezone.localtime(now).weekday())


def _morning(now: datetime, days: int) -> datetime:
    day = timezone.localdate(now) + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, MORNING))


def wake_due(now: datetime) -> int:
    """Periodic job: tickets whose time has come are open again. Returns how many."""
    woken = 0
    while number := _wake_some(now):
        woken += number
    return woken


@transaction.atomic
def _wake_some(now: datetime) -> int:
    due = Ticket.objects.select_for_update().filter(snoozed_until__lte=now).order_by("snoozed_until")[:_AT_ONCE]
    statuses = dict(due.values_list("pk", "status"))
    Ticket.objects.filter(pk__in=statuses).update(snoozed_until=None, version=F("version") + 1, updated=now)
    pending = [pk for pk, status in statuses.items() if status == Status.PENDING]
    Ticket.objects.filter(pk__in=pending).update(status=Status.OPEN)
    cause = str(_("its time has come"))
    kinds = [(pk, TicketEvent.Kind.SNOOZE, "", "") for pk in statuses]
    kinds += [(pk, TicketEvent.Kind.STATUS, Status.PENDING, Status.OPEN) for pk in pending]
    TicketEvent.objects.bulk_create(
        TicketEvent(ticket_id=pk, kind=kind, old=old, new=new, cause=cause, created=now)
        for pk, kind, old, new in kinds
    )
    signals.tell_changed(statuses, "snoozed_until", "status")
    return len(statuses)
