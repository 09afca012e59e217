"""How long the mails that came in are kept as they came."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from tickets.models import ReceivedMail


def purge_originals(now: datetime) -> int:
    """Periodic job: forget the originals of mails that are in tickets, MAIL_ORIGINAL_DAYS after they came. Those that
    could not be read stay. Returns how many."""
    before = now - timedelta(days=settings.MAIL_ORIGINAL_DAYS)
    old = ReceivedMail.objects.filter(received__lt=before, packed__isnull=False)
    return old.exclude(outcome=ReceivedMail.Outcome.UNREADABLE).update(packed=None)
