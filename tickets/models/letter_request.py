from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LetterRequest(models.Model):
    """A letter that somebody who is not logged in asked for, or that Collie owes them. The worker writes it.

    The page that takes such a request stores it whatever the address is, so that neither its answer nor the time it
    takes tells whether the address is known here.
    """

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", _("We have your request")
        LINKS = "links", _("Links to one's own requests")
        PASSWORD = "password", _("A new password")

    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    email = models.EmailField(_("e-mail"))
    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("ticket")
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    site = models.CharField(_("site"), max_length=300, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now)
    done = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("requested letter")
        verbose_name_plural = _("requested letters")
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=models.Q(kind="confirmation"), name="one_confirmation_a_ticket"
            )
        ]
        indexes = [
            models.Index(fields=["id"], name="letter_to_write", condition=models.Q(done__isnull=True)),
            models.Index(fields=["created"], name="letter_by_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.email}"
