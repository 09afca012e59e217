"""Writing mail into the outbox. It leaves after the current transaction has committed, sent by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tickets.models import Message, OutgoingMail, Ticket

ANSWERS_AN_HOUR = 5  # confirmations to one address: two machines that answer each other end here


def queue_mail(
    to: str,
    subject: str,
    body: str,
    *,
    kind: str = OutgoingMail.Kind.NOTIFICATION,
    ticket: Ticket | None = None,
    now: datetime | None = None,
) -> OutgoingMail | None:
    """Queue a mail that no person wrote (a confirmation, a notification, an invitation): it is marked as automatic.

    `body` is Markdown; text and HTML parts are made of it. With `ticket`, an answer to a confirmation goes to that
    ticket, since its Reply-To and References are the ticket's. Call it in the transaction of what the mail tells of.

    None, and nothing is queued: mail is not set up, or a confirmation would answer a machine (`may_answer`).
    """
    now = now or timezone.now()
    if not settings.MAIL_ON:
        return None
    if kind == OutgoingMail.Kind.CONFIRMATION and not may_answer(to, ticket, now):
        return None
    return OutgoingMail.queue(kind, to, subject, body, ticket_id=ticket.pk if ticket else None, now=now)


def may_answer(address: str, ticket: Ticket | None, now: datetime) -> bool:
    """Whether a mail may go to this customer without a person sending it: the ticket was not opened by a machine or
    under a forged name, and the address has not had its share within the hour."""
    untrusted = Message.Trust.FORGED
    if ticket is not None:
        first = ticket.messages.filter(kind=Message.Kind.CUSTOMER).order_by("created", "id").first()
        if first is not None and (first.automatic or first.trust == untrusted):
            return False
    lately = OutgoingMail.objects.filter(
        recipient=address.strip().lower(), kind=OutgoingMail.Kind.CONFIRMATION, created__gt=now - timedelta(hours=1)
    )
    return lately.count() < ANSWERS_AN_HOUR
