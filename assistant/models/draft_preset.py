from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DraftPreset(models.Model):
    """What agents often want a reply to say, at a click. Admins edit them; a used one can be deleted all the same."""

    name = models.CharField(_("name"), max_length=60, unique=True, help_text=_("What the button says."))
    instruction = models.TextField(
        _("instruction"), max_length=2000,
        help_text=_("What the AI is told about this reply, as you would tell a colleague."),
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The lowest comes first."))
    active = models.BooleanField(_("active"), default=True, help_text=_("Offered on the ticket page."))

    class Meta:
        verbose_name = _("draft preset")
        verbose_name_plural = _("draft presets")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name
