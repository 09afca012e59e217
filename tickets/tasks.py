"""Celery's way to send and fetch mail. Rows are claimed, so a task that comes twice does nothing twice."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tickets.mail.incoming import imap
from tickets.mail.outgoing import sending


@shared_task(name="tickets.send_mail", ignore_result=True)
def send_mail() -> None:
    sending.send_due(timezone.now())


@shared_task(name="tickets.fetch_mail", ignore_result=True)
def fetch_mail() -> None:
    if settings.MAILBOX is not None:
        imap.fetch(settings.MAILBOX)
