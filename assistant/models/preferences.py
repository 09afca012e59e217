from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tickets.models import Ticket


class Preferences(models.Model):
    """What admins have chosen for the whole installation: one row.

    Automatic triage takes tickets from the moment it is switched on, never older ones; ids mark that moment, since
    imported tickets are dated back.
    """

    automatic_triage = models.BooleanField(
        _("classify new tickets automatically"), default=False,
        help_text=_("New open tickets are gathered for up to 30 seconds and classified by the worker."),
    )  # fmt: skip
    automatic_imports = models.BooleanField(
        _("imported tickets too"), default=False,
        help_text=_("Otherwise an import costs nothing until somebody classifies its tickets."),
    )  # fmt: skip
    mask_drafts = models.BooleanField(
        _("mask personal data in drafts, translations and summaries"), default=True, db_default=True,
        help_text=_(
            "E-mail addresses, telephone numbers, card numbers and IBANs leave as placeholders and are put back into "
            "what the AI writes."
        ),
    )  # fmt: skip
    mask_triage = models.BooleanField(
        _("mask personal data when tickets are classified"), default=True, db_default=True,
        help_text=_("The same for what the AI reads to choose a category and a priority."),
    )  # fmt: skip
    tickets_after = models.PositiveBigIntegerField(null=True, editable=False)
    imports_after = models.PositiveBigIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_preferences")]

    def __str__(self) -> str:
        return str(_("Preferences"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What has just been switched on begins with the tickets to come."""
        self.pk = 1
        newest = Ticket.objects.aggregate(newest=Max("pk"))["newest"] or 0
        self.tickets_after = _since(self.automatic_triage, self.tickets_after, newest)
        self.imports_after = _since(self.automatic_triage and self.automatic_imports, self.imports_after, newest)
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> Preferences:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


def _since(on: bool, since: int | None, newest: int) -> int | None:
    if not on:
        return None
    return newest if since is None else since
