from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of that name in the IANA list; None for anything else."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):  # KeyError: not in the list; the others: a path, a folder of it
        return None


def is_zone(name: str) -> None:
    if name not in available_timezones():
        text = _("“%(name)s” is no time zone: choose one of the list, such as Europe/Berlin.")
        raise ValidationError(text, params={"name": name})


class Profile(models.Model):
    """How one person wants to see the desk. Without a row, or where a field is empty, the browser decides."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile", verbose_name=_("user")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[is_zone])
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("colours"), max_length=5, choices=Theme, default=Theme.AUTO)
    signature = models.TextField(
        _("signature"), max_length=2000, blank=True,
        help_text=_("Put under your replies when they leave as mail. Markdown works."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return str(self.user)

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser) -> Profile:
        """The profile of somebody, an unsaved one where there is none yet. No query for a user that was loaded by
        `tickets.accounts.ProfileBackend`, which is anybody who is logged in."""
        known: Profile | None = getattr(user, "profile", None)
        return known or (cls(user_id=user.pk) if user.pk else cls())
