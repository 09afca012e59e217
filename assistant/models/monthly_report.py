from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models.relay_call import RelayCall


class MonthlyReport(models.Model):
    """A month in words: `figures` are computed by us and kept with the text that a model wrote about them."""

    class State(models.TextChoices):
        WRITING = "writing", _("Being written")
        DONE = "done", _("Written")
        FAILED = "failed", _("Failed")

    month = models.DateField(_("month"), help_text=_("Its first day, in UTC."))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WRITING)
    figures = models.JSONField(_("figures"), default=list)
    text = models.TextField(_("text"), blank=True)
    cut_off = models.BooleanField(_("cut off"), default=False)
    error = models.TextField(_("error"), blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    call = models.ForeignKey(
        RelayCall, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("relay call")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["month"], condition=models.Q(state="writing"), name="one_report_at_a_time_for_a_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} ({self.get_state_display()})"
