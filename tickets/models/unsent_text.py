from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message


class UnsentText(models.Model):
    """What somebody has typed in a ticket's composer and not sent: one reply and one note a person and ticket.

    The newest wins. When it was typed without having seen what another device had stored, that is kept in `other`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="unsent", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=10, choices=Message.Kind)
    body = models.TextField(_("body"))
    draft = models.CharField(_("AI draft it was made from"), max_length=64, blank=True)
    other = models.TextField(_("typed elsewhere"), blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    updated = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("unsent text")
        verbose_name_plural = _("unsent texts")
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "kind"], name="one_unsent_text_per_kind")]

    def __str__(self) -> str:
        return self.body[:80]

    @classmethod
    @transaction.atomic
    def keep(
        cls,
        user_id: int,
        ticket_id: int,
        kind: str,
        body: str,
        *,
        base: int,
        now: datetime,
        draft: str = "",
        other: str | None = None,
    ) -> int:
        """Store `body`, typed on top of revision `base` (0: nothing was stored); returns the new revision. `other`,
        where it is given, is what the person has put aside for it."""
        rows = cls.objects.select_for_update().filter(user=user_id, ticket=ticket_id, kind=kind)
        stored = rows.first() or cls(user_id=user_id, ticket_id=ticket_id, kind=kind, revision=0)
        if stored.pk is None and not body:
            return 0
        unseen = stored.revision != base and not body.startswith(stored.body)
        if unseen and stored.body.strip():
            stored.other = stored.body
        if other is not None:
            stored.other = other
        stored.body, stored.draft, stored.updated = body, draft, now
        stored.revision += 1
        stored.save()
        return stored.revision

    @classmethod
    def forget(cls, user_id: int, ticket_id: int, kind: str) -> None:
        cls.objects.filter(user=user_id, ticket=ticket_id, kind=kind).delete()
