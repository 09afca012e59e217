from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from assistant.models.triage_item import TriageItem
from tickets.models import Category
from tickets.models.choices import Priority


class TrialAnswer(models.Model):
    """What a prompt that is being tried said of a ticket. Kept apart from the ticket's own history."""

    item = models.OneToOneField(
        TriageItem, models.CASCADE, related_name="trial_answer", verbose_name=_("triage item")
    )
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", verbose_name=_("category"))
    priority = models.CharField(_("priority"), max_length=10, choices=Priority)
    confidence = models.FloatField(_("confidence"))
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("trial answer")
        verbose_name_plural = _("trial answers")

    def __str__(self) -> str:
        return f"{self.category_id} / {self.priority} for item {self.item_id}"
