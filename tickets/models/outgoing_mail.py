from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message
from tickets.models.received_mail import ReceivedMail
from tickets.models.ticket_fields import SUBJECT_LENGTH

if TYPE_CHECKING:
    from tickets.models.ticket import Ticket

LEASE = timedelta(minutes=5)  # one mail, with its attachments, has left by then or nobody knows whether it has
NO_ADDRESS = (".invalid", ".example.invalid")


class OutgoingMail(models.Model):
    """One mail to one address, written in the transaction of what it tells of, and sent by the worker.

    A worker claims it by a conditional UPDATE that raises `fence`. One that dies between the mail server's yes and
    our commit leaves a row still `sending` when its lease ends: that is `uncertain`, and only a person sends it
    again. The Message-ID stays the same, so that mail servers and programs which saw it before drop the second.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not sent")
        UNCERTAIN = "uncertain", _("Perhaps sent")
        BOUNCED = "bounced", _("Came back")
        OFF = "off", _("Not sent: mail is not set up")

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        CONFIRMATION = "confirmation", _("Confirmation")
        NOTIFICATION = "notification", _("Notification")
        ACCOUNT = "account", _("Account")

    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    message = models.ForeignKey(
        Message, models.CASCADE, null=True, blank=True, related_name="mails", verbose_name=_("message")
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, null=True, blank=True, related_name="mails", verbose_name=_("ticket")
    )
    recipient = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH + 10)
    body = models.TextField(
        _("body"), blank=True, help_text=_("Markdown. Empty for a reply, and once any other mail has left.")
    )
    header_id = models.CharField(_("Message-ID"), max_length=250, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    words = models.TextField(_("the server's words"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)
    sent = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_at", "id"], name="mail_to_send", condition=models.Q(state="queued")),
            models.Index(fields=["lease_until"], name="mail_being_sent", condition=models.Q(state="sending")),
            models.Index(fields=["recipient", "created"], name="mail_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"

    @classmethod
    def queue(
        cls,
        kind: str,
        recipient: str,
        subject: str,
        body: str = "",
        *,
        message: Message | None = None,
        ticket_id: int | None = None,
        now: datetime | None = None,
    ) -> OutgoingMail:
        """A mail that leaves once the current transaction has committed; state `off` where mail is not set up."""
        now = now or timezone.now()
        state, words = cls.State.QUEUED, ""
        if not settings.MAIL_ON:
            state = cls.State.OFF
        elif "@" not in recipient or recipient.rpartition("@")[2].endswith(NO_ADDRESS):
            state, words = cls.State.FAILED, str(_("The customer has no e-mail address."))
        return cls.objects.create(
            kind=kind, recipient=recipient, subject=" ".join(subject.split())[: SUBJECT_LENGTH + 10], body=body,
            message=message, ticket_id=ticket_id, header_id=_new_header_id(), state=state, words=words,
            next_at=now, created=now,
        )  # fmt: skip

    @classmethod
    def queue_reply(cls, message: Message, ticket: Ticket) -> OutgoingMail:
        """The mail of a reply, to the address that the customer wants answers at; the message shows its state."""
        mail = cls.queue(
            cls.Kind.REPLY, cls.address_of(ticket), f"Re: {ticket.subject}",
            message=message, ticket_id=ticket.pk, now=message.created,
        )  # fmt: skip
        message.delivery, message.remarks = mail.state, mail.words
        message.save(update_fields=["delivery", "remarks"])
        return mail

    @staticmethod
    def address_of(ticket: Ticket) -> str:
        """Where answers of a ticket go: the customer's address, with the tag that their latest mail asked for."""
        mails = ReceivedMail.objects.filter(ticket=ticket.pk, sender=ticket.customer.email)
        return mails.order_by("-pk").values_list("reply_to", flat=True).first() or ticket.customer.email


def _new_header_id() -> str:
    domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2]
    return f"<{secrets.token_hex(16)}@{domain}>"
