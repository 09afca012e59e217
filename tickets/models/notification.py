from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unseen(self) -> NotificationQuerySet:
        return self.filter(seen__isnull=True)

    def mark_seen(self, now: datetime) -> int:
        return self.unseen().update(seen=now)


class Notification(models.Model):
    """Something that happened to a ticket and that one person should hear of. Nobody hears of their own acts."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", _("A ticket was assigned to me")
        REPLIED = "replied", _("A customer wrote in a ticket of mine")
        MENTIONED = "mentioned", _("A colleague mentioned me in a note")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+", verbose_name=_("ticket"))
    message = models.ForeignKey("tickets.Message", models.CASCADE, null=True, blank=True, related_name="+",
                                verbose_name=_("message"))  # fmt: skip
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
                              verbose_name=_("actor"))  # fmt: skip
    on_desk = models.BooleanField(_("shown on the desk"), default=True)
    by_mail = models.BooleanField(_("mailed when it stays unseen"), default=True)
    seen = models.DateTimeField(_("seen"), null=True, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created", "-id"]
        indexes = [
            models.Index(fields=["person", "-created", "-id"], name="notification_by_person"),
            models.Index(fields=["person"], name="notification_unseen",
                         condition=models.Q(seen__isnull=True, on_desk=True)),
            models.Index(fields=["created"], name="notification_to_mail",
                         condition=models.Q(seen__isnull=True, by_mail=True)),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person}: {self.kind} #{self.ticket_id}"

    @classmethod
    def tell(
        cls,
        kind: str,
        people: Collection[User],
        *,
        ticket_ids: Collection[int],
        actor: User | None,
        now: datetime,
        message_id: int | None = None,
    ) -> int:
        """Notify `people` but the actor, each as they have chosen, once for each ticket. Returns how many rows."""
        others = [person for person in people if person != actor and person.is_active]
        if not others or not ticket_ids:
            return 0
        chosen = NotificationChoice.of(others, kind)
        rows = [
            Notification(
                person=person, kind=kind, ticket_id=ticket_id, actor=actor, created=now, message_id=message_id,
                on_desk=chosen[person.pk].desk, by_mail=chosen[person.pk].mail,
            )
            for person in others for ticket_id in ticket_ids
            if chosen[person.pk].desk or chosen[person.pk].mail
        ]  # fmt: skip
        return len(Notification.objects.bulk_create(rows))


class NotificationChoice(models.Model):
    """What a person wants to hear of one kind of event; without a row, everything."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_choices", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Notification.Kind)
    desk = models.BooleanField(_("on the desk"), default=True)
    mail = models.BooleanField(_("by mail"), default=True)

    class Meta:
        verbose_name = _("choice of notifications")
        verbose_name_plural = _("choices of notifications")
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind}"

    @classmethod
    def of(cls, people: Collection[User], kind: str) -> dict[int, NotificationChoice]:
        """The choice of each by their id."""
        stored = {row.person_id: row for row in cls.objects.filter(person__in=people, kind=kind)}
        return {person.pk: stored.get(person.pk) or cls(person=person, kind=kind) for person in people}
