from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.category import Category
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.models.customer import Customer
from tickets.models.ranks import Urgency
from tickets.models.tag import Tag
from tickets.models.team import Team

SUBJECT_LENGTH = 255


class TicketFields(models.Model):
    """The columns of a ticket; what is done with them are the verbs in ticket.py."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="tickets", verbose_name=_("customer"))
    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, default=Priority.MEDIUM)
    priority_by = models.CharField(_("priority set by"), max_length=10, choices=SetBy, default=SetBy.UNSET)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="tickets", verbose_name=_("category")
    )
    category_by = models.CharField(_("category set by"), max_length=10, choices=SetBy, default=SetBy.UNSET)
    needs_review = models.BooleanField(_("needs review"), default=False)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="tickets", verbose_name=_("team")
    )
    team_by = models.CharField(_("team set by"), max_length=10, choices=SetBy, default=SetBy.UNSET)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tickets",
        verbose_name=_("assignee"),
    )  # fmt: skip
    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets", verbose_name=_("tags"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.WEB)
    source = models.CharField(_("source"), max_length=100, blank=True)
    external_id = models.CharField(_("external id"), max_length=200, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now)
    updated = models.DateTimeField(_("updated"), default=timezone.now)
    last_message = models.DateTimeField(_("last message"), default=timezone.now)
    first_response = models.DateTimeField(_("first response"), null=True, blank=True)
    resolved = models.DateTimeField(_("resolved"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    waiting_since = models.DateTimeField(_("waiting since"), null=True, editable=False)  # kept by tickets/waiting.py

    class Meta:
        abstract = True
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["-last_message", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~models.Q(external_id=""),
                name="one_ticket_per_source_id",
            )
        ]
        indexes = [
            models.Index(fields=["-last_message", "-id"], name="ticket_by_last_message"),
            # with what decides who may see a ticket, so that rows of others are passed over within the index
            models.Index(
                fields=["status", "-last_message", "-id", "team", "assignee", "snoozed_until"],
                name="ticket_by_status_seen",
            ),
            models.Index(
                "status",
                Urgency(),
                F("last_message").desc(),
                F("id").desc(),
                "team",
                "assignee",
                name="ticket_by_urgency",
            ),
            models.Index(
                fields=["status", "waiting_since", "id", "team", "assignee"],
                name="ticket_by_waiting",
                condition=models.Q(waiting_since__isnull=False),
            ),
            models.Index(fields=["team", "status", "-last_message", "-id"], name="ticket_by_team"),
            models.Index(fields=["assignee", "status", "-last_message", "-id"], name="ticket_by_assignee"),
            models.Index(fields=["category", "status", "-last_message", "-id"], name="ticket_by_category"),
            models.Index(fields=["created", "id"], name="ticket_by_created"),
            models.Index(fields=["updated", "id"], name="ticket_by_updated"),
            # all that the figures ask for, so that they read the index alone
            models.Index(fields=["created", "team", "assignee", "first_response"], name="ticket_figures_came"),
            models.Index(
                fields=["resolved", "team", "assignee", "created"],
                name="ticket_figures_solved",
                condition=models.Q(resolved__isnull=False),
            ),
            models.Index(fields=["id"], name="ticket_to_review", condition=models.Q(needs_review=True)),
            models.Index(
                fields=["snoozed_until"], name="ticket_snoozed", condition=models.Q(snoozed_until__isnull=False)
            ),
        ]
