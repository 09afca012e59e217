from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _


class TriageRun(models.Model):
    """Tickets chosen for classification, what that should cost and what has come of it.

    The counters are kept by the transactions that commit results, so a page reads one row. Verbs: triage/runs.py.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SAMPLED = "sampled", _("Sampled")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        UNDONE = "undone", _("Undone")

    class PausedBy(models.TextChoices):
        PERSON = "person", _("a person")
        BUDGET = "budget", _("a budget")
        SWITCH = "switch", _("the AI switch")
        ERROR = "error", _("an error")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    chosen = models.CharField(_("tickets chosen"), max_length=200, blank=True)
    model = models.CharField(_("model"), max_length=100)
    prompt_version = models.CharField(_("prompt version"), max_length=20)
    trial = models.BooleanField(
        _("trial"), default=False, help_text=_("Tries a prompt: the answers are compared, no ticket is changed.")
    )
    automatic = models.BooleanField(
        _("automatic"), default=False, help_text=_("Over new tickets, started by the worker and not by a person.")
    )
    batch_size = models.PositiveIntegerField(_("tickets per request"))
    concurrency = models.PositiveIntegerField(_("requests at once"))
    rpm = models.PositiveIntegerField(_("requests a minute"), null=True, blank=True)
    max_cost = models.DecimalField(_("cost limit, USD"), max_digits=20, decimal_places=10, null=True, blank=True)
    estimated_cost = models.DecimalField(
        _("estimated cost, USD"), max_digits=20, decimal_places=10, null=True, blank=True,
        help_text=_("As shown before the start; empty when the price was not known."),
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("created by"),
    )
    created = models.DateTimeField(_("created"), default=timezone.now)
    started = models.DateTimeField(_("first claim"), null=True)
    finished = models.DateTimeField(_("last commit"), null=True)

    paused_by = models.CharField(_("paused by"), max_length=10, choices=PausedBy, blank=True)
    pause_reason = models.TextField(_("reason of the pause"), blank=True)
    held_for = models.DecimalField(
        _("room needed to go on, USD"), max_digits=20, decimal_places=10, null=True, blank=True,
        help_text=_("The worst case of the request that a monthly or personal budget had no room for; else empty."),
    )  # fmt: skip
    waiting_until = models.DateTimeField(_("waiting for the rate limit until"), null=True)
    failures_in_row = models.PositiveIntegerField(default=0)

    sample_size = models.PositiveIntegerField(
        _("tickets in the sample"), null=True, blank=True,
        help_text=_("From the start of a sample to the start of the whole run; empty otherwise."),
    )  # fmt: skip
    total = models.PositiveIntegerField(_("tickets"), default=0)
    classified = models.PositiveIntegerField(_("classified"), default=0)
    needs_human = models.PositiveIntegerField(_("needs a human"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    restored = models.PositiveIntegerField(_("restored by the undo"), default=0)
    kept = models.PositiveIntegerField(_("left by the undo, changed since"), default=0)
    undo_left = models.PositiveIntegerField(
        _("tickets the undo has still to come to"), null=True, blank=True,
        help_text=_("Empty when none is under way."),
    )  # fmt: skip
    undo_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("undone by"),
    )
    requests = models.PositiveIntegerField(_("requests"), default=0)
    retries = models.PositiveIntegerField(_("retries"), default=0)
    prompt_tokens = models.PositiveBigIntegerField(_("prompt tokens"), default=0)
    cached_tokens = models.PositiveBigIntegerField(_("cached tokens"), default=0)
    completion_tokens = models.PositiveBigIntegerField(_("completion tokens"), default=0)
    prompt_estimate = models.PositiveBigIntegerField(
        default=0
    )  # of the same requests before they left: to learn from
    asked = models.PositiveBigIntegerField(default=0)  # tickets in the requests that were answered
    cost = models.DecimalField(_("cost, USD"), max_digits=20, decimal_places=10, default=Decimal(0))
    reserved = models.DecimalField(_("reserved, USD"), max_digits=20, decimal_places=10, default=Decimal(0))
    unpriced_calls = models.PositiveIntegerField(_("calls without a known price"), default=0)

    class Meta:
        verbose_name = _("triage run")
        verbose_name_plural = _("triage runs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Triage run {self.pk}"

    def get_absolute_url(self) -> str:
        return f"/admin/assistant/triagerun/{self.pk}/progress/"

    @property
    def cause(self) -> str:
        """The run as events name it: in the installation's language, whoever asks."""
        with override(settings.LANGUAGE_CODE):
            return gettext("triage run %(run)s") % {"run": self.pk}

    @property
    def done(self) -> int:
        """Tickets with an outcome of any kind."""
        return self.classified + self.needs_human + self.failed

    @property
    def known_cost(self) -> Decimal | None:
        """The cost so far in USD, None when a call had no known price."""
        return None if self.unpriced_calls else self.cost
