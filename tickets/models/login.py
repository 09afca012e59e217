from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.browsers import browser_name


class Login(models.Model):
    """A session that somebody has open, so that they can see where they are logged in and end it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="logins", verbose_name=_("user"))
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(_("browser"), max_length=300, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    created = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return f"{self.user} · {self.created:%Y-%m-%d %H:%M}"

    @property
    def browser_name(self) -> str:
        return browser_name(self.browser)

    @classmethod
    def alive(cls) -> QuerySet[Login]:
        """Those whose session has neither ended nor expired."""
        session = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
        return cls.objects.filter(Exists(session))

    @staticmethod
    def end(logins: QuerySet[Login]) -> int:
        """Log these out: their next request, and within seconds their open sockets. Returns how many."""
        keys = list(logins.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        return Login.objects.filter(session_key__in=keys).delete()[0]
