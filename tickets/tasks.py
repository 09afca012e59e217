"""Celery's way to mail and webhooks. Rows are claimed, so a task that comes twice does nothing twice."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tickets.mail.incoming import imap
from tickets.mail.outgoing import sending
from tickets.webhooks import sending as webhooks


@shared_task(name="tickets.send_mail", ignore_result=True)
def send_mail() -> None:
    sending.send_due(timezone.now())


@shared_task(name="tickets.fetch_mail", ignore_result=True)
def fetch_mail() -> None:
    if settings.MAILBOX is not None:
        imap.fetch(settings.MAILBOX)


@shared_task(name="tickets.send_webhooks", ignore_result=True)
def send_webhooks() -> None:
    """One task for each address with something to send, so that none keeps another waiting."""
    for webhook_id in webhooks.webhooks_due(timezone.now()):
        send_webhook.apply_async((webhook_id,), expires=5)


@shared_task(name="tickets.send_webhook", ignore_result=True)
def send_webhook(webhook_id: int) -> None:
    webhooks.send_to(webhook_id, timezone.now())
