from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.text import html_to_text


class Message(models.Model):
    """One entry of a thread: what the customer wrote, a reply to them, or a note among agents."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Internal note")

    class Format(models.TextChoices):
        TEXT = "text", _("Plain text")
        MARKDOWN = "markdown", _("Markdown")
        HTML = "html", _("HTML")

    class Delivery(models.TextChoices):
        NONE = "none", _("Not to be delivered")
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Not sent")
        UNCERTAIN = "uncertain", _("Perhaps sent")
        BOUNCED = "bounced", _("Came back")
        OFF = "off", _("Not sent: mail is not set up")

    class Trust(models.TextChoices):
        """What our mail server found out about the sender of a mail."""

        NONE = "", _("Not a mail")
        VERIFIED = "verified", _("Sender verified")
        UNVERIFIED = "unverified", _("Sender not verified")
        FORGED = "forged", _("Sender probably forged")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="messages", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    body = models.TextField(_("body"))
    format = models.CharField(_("format"), max_length=10, choices=Format, default=Format.TEXT)
    delivery = models.CharField(_("delivery"), max_length=10, choices=Delivery, default=Delivery.NONE)
    sender = models.CharField(
        _("sender"), max_length=320, blank=True, default="", db_default="",
        help_text=_("Who wrote, where it was not the customer's own address."),
    )  # fmt: skip
    trust = models.CharField(_("trust"), max_length=10, choices=Trust, blank=True, default="", db_default="")
    automatic = models.BooleanField(
        _("automatic"), default=False, db_default=False,
        help_text=_("Written by a machine, a list or an out-of-office reply: nothing ever answers it by itself."),
    )  # fmt: skip
    folded = models.TextField(
        _("folded text"), blank=True, default="", db_default="",
        help_text=_("What followed the text in the mail: quotes and signature."),
    )  # fmt: skip
    remarks = models.TextField(
        _("remarks"), blank=True, default="", db_default="",
        help_text=_("The mail server's words on a reply; on a mail that came in, what of it was not kept."),
    )  # fmt: skip
    token = models.UUIDField(null=True, unique=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["created", "id"]
        indexes = [models.Index(fields=["ticket", "created", "id"])]

    def __str__(self) -> str:
        return self.plain[:80]

    @property
    def plain(self) -> str:
        """The text without markup: what a model reads and what a list shows."""
        return html_to_text(self.body) if self.format == self.Format.HTML else self.body
