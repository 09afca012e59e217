from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

USE_NOTED_EVERY = timedelta(hours=1)  # a write for each request would cost more than the request


class Scope(models.TextChoices):
    """What a token may do, within its owner's rights."""

    READ = "read", _("Read")
    WRITE = "write", _("Change")
    AI = "ai", _("Use the AI")


class ApiToken(AbstractAuthToken):
    """A program's key to the API, with the rights of its owner. Only a hash of it is kept."""

    name = models.CharField(_("name"), max_length=100)
    scopes = models.CharField(_("scopes"), max_length=100, help_text=_("Separated by blanks: read write ai."))
    last_used = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"

    @classmethod
    def issue(
        cls, user: User, name: str, scopes: Collection[str] = tuple(Scope), *, lasts: timedelta | None = None
    ) -> tuple[ApiToken, str]:
        """Make a token for `user`; returns it with its text, which cannot be had again.

        `lasts` is how long it is good for; None is until it is revoked. Raises ValueError for an unknown scope.
        """
        kept = " ".join(scope for scope in Scope.values if scope in {Scope(scope).value for scope in scopes})
        token, text = cls.objects.create(user=user, expiry=lasts, name=name.strip()[:100], scopes=kept)
        return token, text

    def allows(self, scope: str) -> bool:
        return scope in self.scopes.split()

    def is_expired(self, now: datetime | None = None) -> bool:
        return self.expiry is not None and self.expiry <= (now or timezone.now())

    def note_use(self, now: datetime) -> None:
        """Keep when the token was last used, to the hour."""
        if self.last_used is None or now - self.last_used > USE_NOTED_EVERY:
            ApiToken.objects.filter(pk=self.pk).update(last_used=now)
