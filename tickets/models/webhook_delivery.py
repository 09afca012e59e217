from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.webhook import Webhook, WebhookEvent


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(16)}"


class WebhookDelivery(models.Model):
    """One message to one address, written in the transaction of what it tells of, and sent by the worker.

    A worker claims it by a conditional UPDATE that raises `fence`. One that dies leaves a row still `sending` when
    its lease ends: it is sent again under the same message id, by which receivers know what they have had.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    # No constraint: whoever changes a ticket must not fail since a webhook was deleted at that moment.
    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", db_constraint=False, verbose_name=_("webhook")
    )
    message_id = models.CharField(_("message id"), max_length=50, default=new_message_id, unique=True)
    event = models.CharField(_("event"), max_length=30, choices=WebhookEvent)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), null=True, default=timezone.now)
    status = models.PositiveSmallIntegerField(_("status of the answer"), null=True)
    ms = models.PositiveIntegerField(_("milliseconds"), null=True)
    answer = models.TextField(_("beginning of the answer"), blank=True)
    words = models.TextField(_("what went wrong"), blank=True)
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)
    tried = models.DateTimeField(_("last attempt"), null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["webhook", "next_at"], name="webhook_to_send", condition=Q(state="queued")),
            models.Index(fields=["lease_until"], name="webhook_being_sent", condition=Q(state="sending")),
            models.Index(fields=["webhook", "created", "id"], name="webhook_log"),
            models.Index(fields=["created"], name="webhook_purge"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"

    def resend(self, now: datetime) -> bool:
        """Send it at once, whatever became of it, with all its attempts before it. False when it is being sent, or
        its webhook is off."""
        rows = WebhookDelivery.objects.filter(pk=self.pk, webhook__enabled=True).exclude(state=self.State.SENDING)
        return bool(rows.update(state=self.State.QUEUED, next_at=now, attempts=0))
