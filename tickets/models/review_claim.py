from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

CLAIM = timedelta(minutes=5)


class ReviewClaim(models.Model):
    """The ticket of the review queue that a person looks at, so that a colleague gets another one meanwhile.

    One row a person, renewed with each ticket and forgotten after some minutes. It only spares double work: what
    keeps a decision from being overwritten is the ticket's version.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="review_claim", verbose_name=_("person")
    )
    ticket = models.ForeignKey(
        "tickets.Ticket", models.CASCADE, related_name="review_claims", verbose_name=_("ticket")
    )
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("review claim")
        verbose_name_plural = _("review claims")

    def __str__(self) -> str:
        return f"{self.person} looks at #{self.ticket_id}"

    @classmethod
    def take(cls, person_id: int, ticket_id: int, now: datetime) -> None:
        """Let go of the ticket before and hold this one."""
        claim = ReviewClaim(person_id=person_id, ticket_id=ticket_id, until=now + CLAIM)
        ReviewClaim.objects.bulk_create(
            [claim], update_conflicts=True, unique_fields=["person"], update_fields=["ticket", "until"]
        )

    @classmethod
    def of_others(cls, person_id: int, now: datetime) -> QuerySet[ReviewClaim]:
        """Claims of colleagues on the ticket in an outer query."""
        return cls.objects.filter(ticket=OuterRef("pk"), until__gt=now).exclude(person=person_id)
