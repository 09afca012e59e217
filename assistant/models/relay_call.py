from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assistant.models.relay_price import RelayPrice


class RelayCall(models.Model):
    """The ledger: one row a call, reserved before with its worst-case cost, settled after with the real one.

    A row that stays reserved (its process died) becomes `unknown` and keeps counting at its reserved cost.
    Money is USD with 10 decimal places; times are milliseconds.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        SETTLED = "settled", _("Settled")
        UNKNOWN = "unknown", _("Outcome unknown")

    class Kind(models.TextChoices):
        TRIAGE = "triage", _("Triage")
        DRAFT = "draft", _("Draft")
        TRANSLATION = "translate", _("Translation")
        SUMMARY = "summary", _("Summary")
        REPORT = "report", _("Report")
        ASSIST = "assist", _("Question by the API")
        TEST = "test", _("Connection test")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RESERVED)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    model = models.CharField(_("model"), max_length=100)
    base_url = models.CharField(_("relay"), max_length=300)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    run = models.ForeignKey(
        "assistant.TriageRun",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("run"),
    )
    price = models.ForeignKey(
        RelayPrice, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("price")
    )
    reserved_cost = models.DecimalField(_("reserved"), max_digits=20, decimal_places=10, null=True)
    cost = models.DecimalField(_("cost"), max_digits=20, decimal_places=10, null=True)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), default=0)
    cached_tokens = models.PositiveIntegerField(_("cached tokens"), default=0)
    completion_tokens = models.PositiveIntegerField(_("completion tokens"), default=0)
    estimated = models.BooleanField(_("tokens estimated"), default=False)
    latency_ms = models.PositiveIntegerField(_("latency, ms"), null=True)
    ttft_ms = models.PositiveIntegerField(_("time to first token, ms"), null=True)
    attempts = models.PositiveSmallIntegerField(_("requests sent"), default=0)
    outcome = models.CharField(_("outcome"), max_length=30, blank=True, help_text=_("ok, or the error's code."))
    error = models.TextField(_("error"), blank=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    simulated = models.BooleanField(_("simulated relay"), default=False)
    created = models.DateTimeField(_("created"), default=timezone.now)
    settled = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("relay call")
        verbose_name_plural = _("relay calls")
        ordering = ["-created", "-id"]
        indexes = [
            models.Index(fields=["-created", "-id"], name="call_by_created"),
            models.Index(fields=["state", "created"], name="call_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.model} · {self.outcome or self.get_state_display()}"
