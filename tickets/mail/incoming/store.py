"""Making a message of a mail, once, whoever delivers it and however often."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.letters import ask_for_confirmation
from tickets.mail.addresses import is_own, without_tag
from tickets.mail.incoming import returned
from tickets.mail.incoming.files import keep_files
from tickets.mail.incoming.parse import Envelope, ParsedMail, Unreadable, envelope, parse
from tickets.mail.incoming.threading import ticket_of
from tickets.mail.queue import may_answer
from tickets.models import Customer, Message, OutgoingMail, ReceivedMail, Ticket
from tickets.models.choices import Channel, Status
from tickets.unreached import is_unreached

logger = logging.getLogger(__name__)

Outcome = ReceivedMail.Outcome
MAILS_AN_HOUR = 30  # from one address; what comes beyond is kept, and answered by nobody but people


@dataclass(frozen=True)
class Receipt:
    """What became of a mail: an Outcome, or "duplicate"."""

    outcome: str
    ticket_id: int | None = None
    message_id: int | None = None


def receive(raw: bytes, now: datetime | None = None) -> Receipt:
    """Store a mail. Once this returns, it is in the database: in a ticket, or with the mails that could not be read.

    Raises:
        OperationalError, InterfaceError, OSError: the database or the disk is in trouble; deliver it again later.
    """
    now = now or timezone.now()
    known = envelope(raw)
    if ReceivedMail.objects.filter(key=known.key).exists():
        return Receipt("duplicate")
    try:
        mail = parse(raw, settings.MAIL_AUTH_HOST)
        return _stored(mail, raw, known, now)
    except Unreadable as error:
        return _unreadable(raw, known, str(error), now)
    except Exception as error:
        if isinstance(error, OSError) or is_unreached(error):
            raise
        if isinstance(error, IntegrityError) and ReceivedMail.objects.filter(key=known.key).exists():
            return Receipt("duplicate")  # delivered twice in the same moment
        logger.exception("a mail could not be stored; it is kept with those that could not be read")
        return _unreadable(raw, known, f"{type(error).__name__}: {error}", now)


def _unreadable(raw: bytes, known: Envelope, why: str, now: datetime) -> Receipt:
    row, created = ReceivedMail.objects.get_or_create(
        key=known.key,
        defaults=_columns(known, raw, now) | {"outcome": Outcome.UNREADABLE, "why": why.replace("\0", "")[:300]},
    )
    return Receipt(row.outcome if created else "duplicate")


def _columns(known: Envelope, raw: bytes, now: datetime) -> dict[str, object]:
    return {
        "header_id": known.header_id, "sender": known.sender, "subject": known.subject, "size": len(raw),
        "packed": ReceivedMail.pack(raw), "received": now,
    }  # fmt: skip


@transaction.atomic
def _stored(mail: ParsedMail, raw: bytes, known: Envelope, now: datetime) -> Receipt:
    # Written first: of two deliveries in one moment the second waits here, and then is a duplicate.
    columns = _columns(known, raw, now) | {"sender": mail.sender, "reply_to": mail.reply_to}
    row = ReceivedMail.objects.create(key=known.key, outcome=Outcome.STORED, **columns)
    if mail.bounce and (returned_mail := returned.mark(mail, mail.bounce, now)):
        row.outcome, row.ticket_id, row.why = Outcome.BOUNCE, returned_mail.ticket_id, mail.bounce.words[:300]
    elif mail.bounce and mail.bounce.formal:
        raise Unreadable(_("It reports on a mail that was not sent from here."))
    elif is_own(mail.sender):
        if not OutgoingMail.objects.filter(header_id=mail.header_id).exists():
            raise Unreadable(_("It says that it comes from this desk's own address, and does not."))
        row.outcome, row.why = Outcome.OWN, _("Collie sent it itself.")
    else:
        message = _message(mail, now)
        row.message, row.ticket_id = message, message.ticket_id
        keep_files(message, mail)
    row.save()
    return Receipt(row.outcome, row.ticket_id, row.message_id)


def _message(mail: ParsedMail, now: datetime) -> Message:
    """The mail as a message of the ticket it answers, or of a new one."""
    ticket = ticket_of(mail)
    followed = ticket is not None and _is_over(ticket, now) and not mail.automatic.by_machine
    if ticket is None or followed:
        return _opened(mail, now, remark=_("Follows ticket #%(id)s.") % {"id": ticket.pk} if ticket else "")
    fields = _fields(mail, now)
    if without_tag(mail.sender) != without_tag(ticket.customer.email):
        fields["sender"] = _named(mail)
    message = ticket.receive(_shown(mail), now=now, **fields)
    if not mail.automatic.by_machine and ticket.status != Status.OPEN:
        ticket.set_status(None, Status.OPEN, cause=_("the customer wrote"), now=now)
    return message


def _is_over(ticket: Ticket, now: datetime) -> bool:
    """Closed so long ago that an answer is a matter of its own."""
    closed = ticket.resolved or ticket.updated
    return ticket.status == Status.CLOSED and closed < now - timedelta(days=settings.MAIL_REOPEN_DAYS)


def _opened(mail: ParsedMail, now: datetime, *, remark: str) -> Message:
    customer, _created = Customer.objects.get_or_create(email=mail.sender, defaults={"name": mail.sender_name})
    fields = _fields(mail, now)
    fields["remarks"] = "\n".join(filter(None, [remark, fields["remarks"]]))
    ticket = Ticket.objects.open(
        customer, _shown(mail), subject=mail.subject, channel=Channel.EMAIL, now=now, mail=fields
    )
    if not fields["automatic"] and may_answer(mail.sender, ticket, now):
        ask_for_confirmation(ticket, now=now)
    return ticket.messages.get()


def _fields(mail: ParsedMail, now: datetime) -> dict[str, Any]:
    """What the message keeps of the mail it came by."""
    lately = ReceivedMail.objects.filter(sender=mail.sender, received__gt=now - timedelta(hours=1))
    flood = lately.count() > MAILS_AN_HOUR
    return {
        "trust": mail.trust, "folded": mail.folded, "remarks": "\n".join(mail.remarks),
        "automatic": flood or not mail.automatic.answerable,
    }  # fmt: skip


def _shown(mail: ParsedMail) -> str:
    return mail.text or str(_("(no text)"))


def _named(mail: ParsedMail) -> str:
    return (f"{mail.sender_name} <{mail.sender}>" if mail.sender_name else mail.sender)[:320]
