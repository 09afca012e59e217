from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportedRow(models.Model):
    """The identity of a row that was imported, so that a second run imports nothing twice. A row is a whole ticket or
    one message of a thread; it is forgotten together with its ticket."""

    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, related_name="imported_rows", verbose_name=_("ticket")
    )
    source = models.CharField(_("source"), max_length=100)
    key = models.CharField(_("key"), max_length=210)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="one_imported_row_per_key")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
