"""A mail of ours that came back: its message says so, and its ticket is open again."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from tickets.mail.addresses import BOUNCE, read_tag
from tickets.mail.incoming.bounces import Bounce
from tickets.mail.incoming.parse import ParsedMail
from tickets.mail.outgoing.sending import mark_message
from tickets.models import OutgoingMail
from tickets.models.choices import Status

State = OutgoingMail.State


def mark(report: ParsedMail, bounce: Bounce, now: datetime) -> OutgoingMail | None:
    """Mark the mail that `report` is about: the one whose signed envelope address it came to, or whose Message-ID it
    names. Nobody else knows either, so a report cannot be made up. None when it is about no mail of ours."""
    mail = _mail_of(report, bounce)
    if mail is None:
        return None
    if not bounce.final:
        mark_message(mail, mail.state, _("Delayed: %(words)s") % {"words": bounce.words})
        return mail
    left = [State.SENT, State.UNCERTAIN, State.SENDING]
    if OutgoingMail.objects.filter(pk=mail.pk, state__in=left).update(
        state=State.BOUNCED, words=bounce.words, lease_until=None
    ):
        mark_message(mail, State.BOUNCED, bounce.words)
        if mail.message and mail.message.ticket.status in {Status.PENDING, Status.RESOLVED}:
            mail.message.ticket.set_status(None, Status.OPEN, cause=_("the mail came back"), now=now)
    return mail


def _mail_of(report: ParsedMail, bounce: Bounce) -> OutgoingMail | None:
    mails = OutgoingMail.objects.select_related("message__ticket")
    for address in report.recipients:
        tag = read_tag(address)
        if tag and tag.kind == BOUNCE and (mail := mails.filter(pk=tag.id).first()):
            return mail
    return mails.filter(header_id__in=bounce.ids[:100]).order_by("pk").first()
