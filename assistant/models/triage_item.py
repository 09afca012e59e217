from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from assistant.models.triage_chunk import TriageChunk
from assistant.models.triage_run import TriageRun
from tickets.models import Classification, Ticket


class TriageItem(models.Model):
    """One ticket in a run and what came of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        CLASSIFIED = "classified", _("Classified")
        NEEDS_HUMAN = "needs_human", _("No label found")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    run = models.ForeignKey(TriageRun, models.CASCADE, related_name="items", verbose_name=_("run"))
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", verbose_name=_("ticket"))
    chunk = models.ForeignKey(TriageChunk, models.SET_NULL, null=True, related_name="items")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PENDING)
    classification = models.ForeignKey(Classification, models.SET_NULL, null=True, related_name="+")
    error_code = models.CharField(_("error code"), max_length=30, blank=True)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it needs a human or failed."))

    class Meta:
        verbose_name = _("triage item")
        verbose_name_plural = _("triage items")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "ticket"], name="a_ticket_once_a_run")]
        indexes = [models.Index(fields=["run", "state", "id"])]

    def __str__(self) -> str:
        return f"ticket {self.ticket_id} in run {self.run_id}: {self.state}"
