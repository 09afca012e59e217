"""Sending a reply once more, because a person says so."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from tickets.mail.outgoing.sending import mark_message
from tickets.models import Message, OutgoingMail

State = OutgoingMail.State
AGAIN = (State.FAILED, State.UNCERTAIN, State.BOUNCED, State.OFF)


@transaction.atomic
def resend(message: Message, now: datetime) -> bool:
    """Put the mail of `message` back into the queue, to the customer's address as it is now; a mail that waits for
    its next attempt is tried at once. False when there is nothing to send again, or mail is not set up."""
    if not settings.MAIL_ON or message.kind != Message.Kind.REPLY:
        return False
    mail = message.mails.order_by("-pk").first()
    if mail is None:
        if message.delivery == Message.Delivery.SENT:
            return False
        OutgoingMail.queue_reply(message, message.ticket)
        OutgoingMail.objects.filter(message=message).update(next_at=now)
        return True
    again = Q(state__in=AGAIN) | Q(state=State.QUEUED, attempts__gt=0)
    queued = OutgoingMail.objects.filter(again, pk=mail.pk).update(
        state=State.QUEUED, next_at=now, attempts=0, words="", recipient=OutgoingMail.address_of(message.ticket)
    )
    if queued:
        mark_message(mail, State.QUEUED, "")
    return bool(queued)
