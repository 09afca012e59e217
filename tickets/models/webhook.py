from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OLD_SECRET_LASTS = timedelta(hours=24)  # how long both secrets sign after a new one was made
_PREFIX = "whsec_"
_BYTES = 32


class WebhookEvent(models.TextChoices):
    """What other programs can be told of."""

    TICKET_CREATED = "ticket.created", gettext_lazy("A ticket was opened")
    TICKET_UPDATED = "ticket.updated", gettext_lazy("A ticket was changed")
    MESSAGE_CREATED = "message.created", gettext_lazy("A message or note was written")
    CLASSIFICATION_APPLIED = "classification.applied", gettext_lazy("A label was put on a ticket")
    RUN_FINISHED = "run.finished", gettext_lazy("A triage run has ended")


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def make(self, user: User | None, *, name: str, url: str, events: list[str]) -> Webhook:
        """An enabled webhook with a secret of its own. `url` has been judged before (webhooks/addresses.py)."""
        return self.create(name=name, url=url, events=in_order(events), created_by=user)


def new_secret() -> str:
    """A secret as the Standard Webhooks specification writes it: whsec_ and base64 of random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def in_order(events: list[str]) -> list[str]:
    return [event for event in WebhookEvent.values if event in events]


class Webhook(models.Model):
    """An address that is told of events. Its secret is kept readable, since each message is signed with it; people
    see it once, when it is made."""

    name = models.CharField(gettext_lazy("name"), max_length=100)
    url = models.CharField(gettext_lazy("address"), max_length=2000)
    events = models.JSONField(gettext_lazy("events"), default=list)
    enabled = models.BooleanField(gettext_lazy("on"), default=True)
    off_reason = models.TextField(gettext_lazy("why it is off"), blank=True, editable=False)
    failing_since = models.DateTimeField(gettext_lazy("failing since"), null=True, editable=False)
    secret = models.CharField(max_length=100, default=new_secret, editable=False)
    old_secret = models.CharField(max_length=100, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    created = models.DateTimeField(gettext_lazy("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=gettext_lazy("created by"),
    )  # fmt: skip

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("webhook")
        verbose_name_plural = gettext_lazy("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def secrets_at(self, now: datetime) -> list[str]:
        """What a message is signed with, the newest first."""
        old = self.old_secret if self.old_secret_until and now < self.old_secret_until else ""
        return [self.secret, old] if old else [self.secret]

    def renew_secret(self, now: datetime) -> str:
        """A new secret; for OLD_SECRET_LASTS the old one signs beside it, so that receivers can change over."""
        self.old_secret, self.old_secret_until = self.secret, now + OLD_SECRET_LASTS
        self.secret = new_secret()
        self.save(update_fields=["secret", "old_secret", "old_secret_until"])
        return self.secret

    def switch_on(self) -> None:
        self.enabled, self.off_reason, self.failing_since = True, "", None
        self.save(update_fields=["enabled", "off_reason", "failing_since"])

    @transaction.atomic
    def switch_off(self, reason: str = "") -> bool:
        """Stop telling this address; what waits is given up, and sent again only by a person. False when it was off
        already."""
        if not Webhook.objects.filter(pk=self.pk, enabled=True).update(enabled=False, off_reason=reason):
            return False
        self.refresh_from_db(fields=["enabled", "off_reason"])
        waiting = self.deliveries.filter(state="queued")
        waiting.update(state="failed", next_at=None, words=_("The webhook was switched off."))
        self.save(update_fields=["enabled"])  # for those who keep a list of webhooks that are on
        return True
