from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.team import Team
from tickets.placeholders import complaint


class SavedReply(models.Model):
    """A text that is written often. With a team it is that team's, with an owner that person's, else everybody's."""

    name = models.CharField(_("name"), max_length=100)
    body = models.TextField(
        _("text"), max_length=20_000,
        help_text=_("Markdown works. {{customer.first_name}} and the like are filled in when it is inserted."),
    )  # fmt: skip
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="saved_replies", verbose_name=_("team")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="saved_replies",
        verbose_name=_("owner"),
    )  # fmt: skip
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated = models.DateTimeField(_("updated"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if wrong := complaint(self.body):
            raise ValidationError({"body": wrong})
        if self.team_id and self.owner_id:
            raise ValidationError(_("A saved reply belongs to a team or to a person, not to both."))

    @classmethod
    def visible_to(cls, user: models.Model) -> QuerySet[SavedReply]:
        """Everybody's, those of the person's teams, and their own."""
        teams = Team.objects.filter(members=user.pk).values("pk")
        shared = Q(team__isnull=True, owner__isnull=True)
        return cls.objects.filter(shared | Q(team__in=teams) | Q(owner=user.pk))
