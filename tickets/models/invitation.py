from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.team import Team

VALID = timedelta(days=7)
_SALT = "tickets.invitation"


class Invitation(models.Model):
    """A place at the desk offered to somebody by address. Its link works once, for a week, until it is withdrawn."""

    email = models.EmailField(_("e-mail"))
    teams = models.ManyToManyField(Team, verbose_name=_("teams"), blank=True, related_name="+")
    as_admin = models.BooleanField(
        _("as an administrator"), default=False, help_text=_("Sees all tickets and enters the administration.")
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False,
        verbose_name=_("invited by"),
    )  # fmt: skip
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    used = models.DateTimeField(_("used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return self.email

    @property
    def expires(self) -> datetime:
        return self.created + VALID

    def is_open(self, now: datetime) -> bool:
        return self.used is None and now < self.expires

    @property
    def path(self) -> str:
        """Where the invited person sets a name and a password."""
        return f"/invitation/{signing.Signer(salt=_SALT, sep='.').sign(str(self.pk))}/"

    @classmethod
    def by_token(cls, token: str, now: datetime) -> Invitation | None:
        """The invitation that a link's token opens; None for a forged, used, expired or withdrawn one."""
        try:
            pk = signing.Signer(salt=_SALT, sep=".").unsign(token)
        except signing.BadSignature:
            return None
        invitation = cls.objects.filter(pk=pk).first()
        return invitation if invitation and invitation.is_open(now) else None

    def use(self, now: datetime) -> bool:
        """Take it; False when somebody was quicker. The statement itself asks, so that a link works once."""
        return bool(Invitation.objects.filter(pk=self.pk, used__isnull=True).update(used=now))
