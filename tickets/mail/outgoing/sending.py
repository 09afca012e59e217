"""Sending what is due. Any number of processes may: each mail is claimed, then handed over, then settled.

The connection is opened before a mail is claimed, so that a server which is down costs no mail its certainty.
"""

from __future__ import annotations

import logging
import smtplib
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from tickets import signals
from tickets.mail.outgoing.compose import compose
from tickets.mail.outgoing.failures import Failure, Fate, failure_of
from tickets.models import Message, OutgoingMail
from tickets.models.outgoing_mail import LEASE

logger = logging.getLogger(__name__)

State = OutgoingMail.State
AT_ONCE = 100  # mails over one connection
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
WAITS = (_MINUTE, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR)


def send_due(now: datetime, stop: threading.Event | None = None) -> int:
    """Send what is due, up to AT_ONCE mails over one connection; returns how many have left. After `stop` no further
    mail is begun."""
    give_up_on_abandoned(now)
    if not settings.MAIL_ON or not _due(now).exists():
        return 0
    backend = get_connection()
    try:
        backend.open()
    except (smtplib.SMTPException, OSError) as error:
        _server_is_down(failure_of(error, in_doubt=False), now)
        return 0
    sent, began = 0, time.monotonic()
    try:
        for pk in list(_due(now).values_list("pk", flat=True)[:AT_ONCE]):
            if stop is not None and stop.is_set():
                break
            outcome = _send(pk, backend, now + timedelta(seconds=time.monotonic() - began))
            sent += outcome is None
            if outcome is not None and outcome.fate is not Fate.PERMANENT and not _reopen(backend):
                break
    finally:
        _close(backend)
    return sent


def give_up_on_abandoned(now: datetime) -> int:
    """Mails whose sender died while handing them over: the server may have them or not, so a person decides."""
    abandoned = OutgoingMail.objects.select_related("message").filter(state=State.SENDING, lease_until__lt=now)
    words = _("The mail was being handed over when Collie was cut off. It may have arrived.")
    return sum(_settle(mail, State.UNCERTAIN, now, words=words) for mail in abandoned[:AT_ONCE])


def _due(now: datetime) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=State.QUEUED, next_at__lte=now).order_by("next_at", "pk")


def _send(pk: int, backend: BaseEmailBackend, now: datetime) -> Failure | None:
    """Hand one mail over; None when it has left, or was somebody else's."""
    mail = _claim(pk, now)
    if mail is None:
        return None
    try:
        backend.send_messages([compose(mail)])
    except Exception as error:
        failure = failure_of(error, in_doubt=getattr(backend, "in_doubt", False))
        if failure.fate is Fate.PERMANENT and not isinstance(error, (smtplib.SMTPException, OSError)):
            logger.exception("outgoing mail %s could not be made", pk)
        _failed(mail, failure, now)
        return failure
    _settle(mail, State.SENT, now, words="", sent=now)
    return None


def _claim(pk: int, now: datetime) -> OutgoingMail | None:
    mine = OutgoingMail.objects.filter(pk=pk, state=State.QUEUED).update(
        state=State.SENDING, fence=F("fence") + 1, attempts=F("attempts") + 1, lease_until=now + LEASE
    )
    return OutgoingMail.objects.select_related("message__ticket__customer").get(pk=pk) if mine else None


def _failed(mail: OutgoingMail, failure: Failure, now: datetime) -> None:
    if failure.fate is Fate.UNCERTAIN:
        words = _("The connection broke when the mail had been handed over: %(words)s") % {"words": failure.words}
        _settle(mail, State.UNCERTAIN, now, words=words)
    elif failure.fate is Fate.PERMANENT or mail.attempts > len(WAITS):
        _settle(mail, State.FAILED, now, words=failure.words)
    else:
        _settle(mail, State.QUEUED, now, words=failure.words, next_at=now + WAITS[mail.attempts - 1])


@transaction.atomic
def _settle(mail: OutgoingMail, state: str, now: datetime, **values: object) -> bool:
    """Write what became of a claimed mail, there and on its message; False when it was somebody else's by then."""
    if state == State.SENT and mail.message_id is None:
        values["body"] = ""  # it may hold a link that logs somebody in
    # Given up on, and yet it was only slow: what its sender knows is better than "perhaps".
    mine = [State.SENDING, State.UNCERTAIN]
    row = OutgoingMail.objects.filter(pk=mail.pk, fence=mail.fence, state__in=mine)
    if not row.update(state=state, lease_until=None, **values):
        return False
    mark_message(mail, state, str(values["words"]))
    return True


def mark_message(mail: OutgoingMail, state: str, words: str) -> None:
    """Show the state on the mail's message, and tell the open pages."""
    if mail.message_id is None:
        return
    Message.objects.filter(pk=mail.message_id).update(delivery=state, remarks=words)
    signals.tell_changed([mail.message.ticket_id] if mail.message else [], "delivery")


def _server_is_down(failure: Failure, now: datetime) -> None:
    """Nobody was asked to take anything: each due mail waits as long as its own attempts so far make it."""
    logger.warning("the mail server does not answer: %s", failure.words)
    for attempts in list(_due(now).order_by().values_list("attempts", flat=True).distinct()):
        group = OutgoingMail.objects.filter(state=State.QUEUED, next_at__lte=now, attempts=attempts)
        with transaction.atomic():
            told = list(group.exclude(message=None).values_list("message_id", "message__ticket_id"))
            if attempts < len(WAITS):
                values = {"next_at": now + WAITS[attempts], "state": State.QUEUED}
            else:
                values = {"state": State.FAILED}
            group.update(attempts=F("attempts") + 1, words=failure.words, **values)
            Message.objects.filter(pk__in=[pk for pk, _t in told]).update(
                delivery=values["state"], remarks=failure.words
            )
            signals.tell_changed({ticket for _m, ticket in told}, "delivery")


def _reopen(backend: BaseEmailBackend) -> bool:
    """Whether there is a connection for the next mail."""
    _close(backend)
    try:
        backend.open()
    except (smtplib.SMTPException, OSError):
        return False
    return True


def _close(backend: BaseEmailBackend) -> None:
    try:
        backend.close()
    except (smtplib.SMTPException, OSError):
        logger.info("the mail server closed the connection first")
