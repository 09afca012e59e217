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
        FAILED = "failed", _("Failed")

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
