from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TicketEvent(models.Model):
    """Who changed what, when and why: the audit line in the thread. Written by the verbs, never edited."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        STATUS = "status", _("status")
        PRIORITY = "priority", _("priority")
        CATEGORY = "category", _("category")
        TEAM = "team", _("team")
        ASSIGNEE = "assignee", _("assignee")
        TAGS = "tags", _("tags")
        REVIEW = "review", _("review")
        SUBJECT = "subject", _("subject")
        SNOOZE = "snooze", _("snooze")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="events", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    old = models.CharField(_("old value"), max_length=200, blank=True)
    new = models.CharField(_("new value"), max_length=200, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    cause = models.CharField(
        _("cause"),
        max_length=200,
        blank=True,
        help_text=_("What made the change when no person did: a run, a rule."),
    )
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("ticket event")
        verbose_name_plural = _("ticket events")
        ordering = ["created", "id"]
        indexes = [models.Index(fields=["ticket", "created", "id"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.old or '–'} → {self.new or '–'}"
