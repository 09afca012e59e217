from __future__ import annotations

import zlib

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message


class ReceivedMail(models.Model):
    """A mail that came in: what became of it, and the original as it came, until that is thrown away.

    `key` is made of its Message-ID and content, so a mail that is delivered twice is one row.
    """

    class Outcome(models.TextChoices):
        STORED = "stored", _("In a ticket")
        BOUNCE = "bounce", _("A mail of ours that came back")
        OWN = "own", _("A mail of ours that came round")
        UNREADABLE = "unreadable", _("Could not be read")

    key = models.CharField(_("key"), max_length=64, unique=True)
    outcome = models.CharField(_("what became of it"), max_length=10, choices=Outcome)
    why = models.CharField(_("why"), max_length=300, blank=True)
    header_id = models.CharField(_("Message-ID"), max_length=250, blank=True)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    reply_to = models.CharField(_("reply to"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, null=True, blank=True, related_name="received", verbose_name=_("ticket")
    )
    message = models.OneToOneField(
        Message, models.CASCADE, null=True, blank=True, related_name="received", verbose_name=_("message")
    )
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    packed = models.BinaryField(null=True, editable=False)
    received = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        verbose_name = _("received mail")
        verbose_name_plural = _("received mail")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["header_id"], name="received_by_header_id"),
            models.Index(fields=["sender", "received"], name="received_by_sender"),
            models.Index(fields=["received"], name="received_with_original",
                         condition=models.Q(packed__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.subject or self.header_id or self.key

    @property
    def original(self) -> bytes | None:
        """The mail as it came; None once it has been thrown away."""
        return zlib.decompress(self.packed) if self.packed is not None else None

    @staticmethod
    def pack(raw: bytes) -> bytes:
        return zlib.compress(raw, 6)


class UnreadableMail(ReceivedMail):
    """The mails that wait for a person, since Collie could not make a message of them."""

    class Meta:
        proxy = True
        verbose_name = _("mail that could not be read")
        verbose_name_plural = _("mail that could not be read")
