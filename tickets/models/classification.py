from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.category import Category
from tickets.models.choices import Priority, SetBy

if TYPE_CHECKING:
    from tickets.models.ticket_fields import TicketFields


class Classification(models.Model):
    """One opinion on a ticket, the AI's or a person's, applied or only stored. Rows are never rewritten.

    `replaced` holds the values from before, by field name, for undo: category, category_by, priority, priority_by,
    team, team_by and needs_review, the related objects by id.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, related_name="classifications", verbose_name=_("ticket")
    )
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True, help_text=_("0 to 1, the model's own."))
    reason = models.TextField(_("reason"), blank=True)
    doubt = models.CharField(
        _("doubt"), max_length=200, blank=True, help_text=_("Why a person should look first, however sure the AI is.")
    )
    source = models.CharField(_("source"), max_length=10, choices=SetBy)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    model = models.CharField(_("model"), max_length=100, blank=True)
    prompt_version = models.CharField(_("prompt version"), max_length=20, blank=True)
    category_applied = models.BooleanField(_("category applied"), default=False)
    priority_applied = models.BooleanField(_("priority applied"), default=False)
    replaced = models.JSONField(_("values replaced"), default=dict, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("classification")
        verbose_name_plural = _("classifications")
        ordering = ["-created", "-id"]
        indexes = [
            models.Index(fields=["ticket", "-created", "-id"]),
            models.Index(fields=["source", "created"], name="classifications_of_a_period"),  # for reports
        ]

    def __str__(self) -> str:
        return f"{self.category.slug if self.category else '–'} / {self.priority or '–'} ({self.source})"

    @property
    def applied(self) -> bool:
        return self.category_applied or self.priority_applied

    @staticmethod
    def values_of(ticket: TicketFields) -> dict[str, Any]:
        """What a classification of `ticket` may replace, as kept in `replaced`."""
        return {
            "category": ticket.category_id,
            "category_by": ticket.category_by,
            "priority": ticket.priority,
            "priority_by": ticket.priority_by,
            "team": ticket.team_id,
            "team_by": ticket.team_by,
            "needs_review": ticket.needs_review,
        }
