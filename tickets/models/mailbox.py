from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

LEASE = timedelta(seconds=90)


class Mailbox(models.Model):
    """How far an IMAP folder has been read. `name` is user@host:port/folder, without the password.

    One process reads at a time: it holds a lease, and every later UPDATE asks for its fence.
    """

    name = models.CharField(_("name"), max_length=400, unique=True)
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    words = models.CharField(_("the server's words"), max_length=500, blank=True)
    checked = models.DateTimeField(_("last read"), null=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def claim(cls, name: str, now: datetime) -> Mailbox | None:
        """The mailbox, leased to the caller; None while another process reads it."""
        cls.objects.get_or_create(name=name)
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        if not cls.objects.filter(free, name=name).update(fence=F("fence") + 1, lease_until=now + LEASE):
            return None
        return cls.objects.get(name=name)

    def keep(self, now: datetime, **values: object) -> bool:
        """Renew the lease and store how far reading has come; False when another process has taken over."""
        mine = Mailbox.objects.filter(pk=self.pk, fence=self.fence)
        if not mine.update(lease_until=now + LEASE, **values):
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True

    def release(self, now: datetime) -> None:
        Mailbox.objects.filter(pk=self.pk, fence=self.fence).update(lease_until=None, checked=now)
