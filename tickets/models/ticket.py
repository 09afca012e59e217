from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets import signals
from tickets.models.choices import Channel, Status
from tickets.models.customer import Customer
from tickets.models.event import TicketEvent
from tickets.models.message import Message
from tickets.models.outgoing_mail import OutgoingMail
from tickets.models.ticket_changes import TicketChanges
from tickets.models.ticket_fields import SUBJECT_LENGTH
from tickets.models.verb import verb

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def subject_from(body: str) -> str:
    """The first words of a text, for tickets that came without a subject."""
    words = " ".join(body.split())
    if len(words) <= 80:
        return words or str(_("(no text)"))
    return words[:80].rsplit(" ", 1)[0] + "…"


class TicketManager(models.Manager["Ticket"]):
    @transaction.atomic
    def open(
        self,
        customer: Customer,
        body: str,
        *,
        subject: str = "",
        channel: str = Channel.WEB,
        format: str = Message.Format.TEXT,
        actor: User | None = None,
        now: datetime | None = None,
        mail: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Ticket:
        """Create a ticket with the customer's first message and its `opened` event. `mail` as in `Ticket.receive`."""
        now = now or timezone.now()
        message = Message(kind=Message.Kind.CUSTOMER, body=body, format=format, created=now, **(mail or {}))
        ticket = self.create(
            customer=customer,
            subject=(subject.strip() or subject_from(message.plain))[:SUBJECT_LENGTH],
            channel=channel, created=now, updated=now, last_message=now, **fields,
        )  # fmt: skip
        message.ticket = ticket
        message.save()
        TicketEvent.objects.create(ticket=ticket, kind=TicketEvent.Kind.OPENED, new=channel, actor=actor, created=now)
        signals.tell_opened([ticket.pk])
        signals.tell_written([message])
        return ticket


class Ticket(TicketChanges):
    """A customer's matter: its thread, its properties and who set them. Changes are verbs, here and in
    ticket_changes.py."""

    objects = TicketManager()

    class Meta(TicketChanges.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.pk}/"

    @verb
    def receive(
        self, body: str, *, format: str = Message.Format.TEXT, now: datetime | None = None, **mail: Any
    ) -> Message:
        """Add what the customer wrote; an answered, solved or snoozed ticket is back in the inbox.

        `mail` are the fields of the message that tell of the mail it came by: sender, trust, automatic, folded,
        remarks. What a machine wrote leaves the ticket as it is.
        """
        now = now or timezone.now()
        message = self._add(Message.Kind.CUSTOMER, body, format, None, now, **mail)
        if message.automatic:
            return message
        reopened = self.status in {Status.PENDING, Status.RESOLVED}
        values: dict[str, Any] = {"status": Status.OPEN, "resolved": None} if reopened else {}
        self._set(None, now, cause=str(_("the customer wrote")), snoozed_until=None, **values)
        return message

    @verb
    def reply(
        self, author: User, body: str, *, status: str = "", token: UUID | None = None, now: datetime | None = None
    ) -> Message:
        """Answer the customer, in Markdown; `status` moves the ticket along with it (pending, resolved).

        `token` is the page's: the same text sent twice from one page is one reply.
        """
        now = now or timezone.now()
        sent = self._sent(token)
        if sent and sent.body == body:
            return sent
        message = self._add(Message.Kind.REPLY, body, Message.Format.MARKDOWN, author, now, None if sent else token)
        OutgoingMail.queue_reply(message, self)
        if self.first_response is None:
            self.first_response = now
            Ticket.objects.filter(pk=self.pk, first_response__isnull=True).update(first_response=now)
        if status:
            self.set_status(author, status, now=now)
        return message

    @verb
    def note(self, author: User, body: str, *, token: UUID | None = None, now: datetime | None = None) -> Message:
        """Write to colleagues; the customer never sees it. `token` as for a reply."""
        now = now or timezone.now()
        sent = self._sent(token)
        if sent and sent.body == body:
            return sent
        return self._add(Message.Kind.NOTE, body, Message.Format.MARKDOWN, author, now, None if sent else token)

    def _sent(self, token: UUID | None) -> Message | None:
        return self.messages.filter(token=token).first() if token else None

    def _add(
        self,
        kind: str,
        body: str,
        format: str,
        author: User | None,
        now: datetime,
        token: UUID | None = None,
        **mail: Any,
    ) -> Message:
        message = self.messages.create(
            kind=kind, body=body, format=format, author=author, created=now, token=token, **mail
        )
        if kind != Message.Kind.NOTE:
            self.last_message = now
        self._touch(now, "message", last_message=self.last_message)
        signals.tell_written([message])
        return message
