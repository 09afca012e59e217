from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.validators import MaxLengthValidator
from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST = 8000


class PromptVersion(models.Model):
    """The part of the triage prompt that admins write: how to choose. Never edited: what is saved is a new number.

    One version is active: new runs take it, and keep it when another becomes active. What keeps answers readable and
    safe (closed sets, shape, delimiter) is in triage/prompt.py and belongs to no version.
    """

    number = models.PositiveIntegerField(_("number"), unique=True)
    instructions = models.TextField(_("instructions"), validators=[MaxLengthValidator(LONGEST)])
    note = models.CharField(
        _("note"), max_length=200, blank=True, help_text=_("What is different, and why: for the people after you.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    active = models.BooleanField(_("active"), default=False, help_text=_("New runs use it."))
    created = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("prompt version")
        verbose_name_plural = _("prompt versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["active"], condition=models.Q(active=True), name="one_active_prompt")
        ]

    def __str__(self) -> str:
        return str(_("prompt version %(number)s") % {"number": self.number})

    @classmethod
    def active_number(cls) -> str:
        """The number of the active version, as runs and classifications keep it."""
        return str(cls.objects.values_list("number", flat=True).get(active=True))

    @classmethod
    def instructions_of(cls, number: str) -> str:
        """The instructions a run with this version goes by; as version numbers are kept as text there."""
        return cls.objects.values_list("instructions", flat=True).get(number=int(number))

    @classmethod
    def write(cls, instructions: str, *, note: str = "", author: User | None = None) -> PromptVersion:
        """Store the next version; it is not active."""
        with transaction.atomic():
            # The active row is locked, so that two people who save at once get two numbers.
            cls.objects.select_for_update().filter(active=True).first()
            last = cls.objects.aggregate(last=Max("number"))["last"] or 0
            return cls.objects.create(number=last + 1, instructions=instructions, note=note, author=author)

    @transaction.atomic
    def activate(self) -> None:
        """Make it the one that new runs take; runs that exist keep theirs."""
        PromptVersion.objects.filter(active=True).update(active=False)
        PromptVersion.objects.filter(pk=self.pk).update(active=True)
        self.active = True
