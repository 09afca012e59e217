from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.category import Category


class Team(models.Model):
    """People who share tickets. A category belongs to at most one team, the one its tickets are routed to."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("members"), related_name="teams", blank=True
    )
    categories = models.ManyToManyField(
        Category, verbose_name=_("categories"), related_name="teams", blank=True,
        help_text=_("Tickets of these categories are routed to this team."),
    )  # fmt: skip
    instructions = models.TextField(
        _("instructions"),
        blank=True,
        help_text=_("What the AI should know when it drafts replies for this team."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def by_category(cls) -> dict[int, Team]:
        """Category id -> the team its tickets go to (the first by name where several claim it), in one query."""
        claims = cls.categories.through.objects.select_related("team").order_by("-team__name")
        return {claim.category_id: claim.team for claim in claims}

    @classmethod
    def routes(cls) -> dict[int, int]:
        """Category id -> id of the team its tickets go to."""
        return {category_id: team.pk for category_id, team in cls.by_category().items()}
