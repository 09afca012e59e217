from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tickets.models.team import Team

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class SavedViewManager(models.Manager["SavedView"]):
    def shown_to(self, user: User) -> QuerySet[SavedView]:
        """One's own, and those shared with one's teams, in their order."""
        return self.filter(Q(owner=user) | Q(team__members=user)).distinct()


class SavedView(models.Model):
    """Filters of the inbox that somebody gave a name: their own, or shared with a team. `query` is what stands in
    the address; the owner alone renames, shares and deletes it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="saved_views", verbose_name=_("shared with")
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000)
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = SavedViewManager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name
