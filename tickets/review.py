"""The review queue: labels that wait for a person, each looked at by one person at a time.

Its order is that of the tickets' ids, so a place in it is an id.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _

from tickets.access import tickets_for
from tickets.models import Category, Classification, ReviewClaim, Ticket
from tickets.models.choices import SetBy

UNDO = timedelta(hours=1)


class Conflict(Exception):
    """The ticket is no longer as the person saw it; `message` is for people. Nothing was changed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def waiting(user: User) -> QuerySet[Ticket]:
    """The tickets of the queue that `user` may decide."""
    return tickets_for(user).filter(needs_review=True)


def next_for(user: User, *, after: int, now: datetime) -> Ticket | None:
    """The first ticket behind the place `after` that no colleague is looking at, claimed for `user`."""
    free = waiting(user).filter(~Exists(ReviewClaim.of_others(user.pk, now)), pk__gt=after)
    # Within one transaction, and skipping what is locked: two people who ask at once get two tickets.
    with transaction.atomic(savepoint=False):
        locked = free.select_for_update(skip_locked=True, of=("self",))
        ticket = locked.select_related("customer", "category", "team").order_by("pk").first()
        if ticket is not None:
            ReviewClaim.take(user.pk, ticket.pk, now)
    return ticket


@transaction.atomic
def decide(
    user: User, ticket_id: int, version: int, *, category: Category, priority: str, now: datetime
) -> Classification:
    """Store a person's labels on a ticket that is still as they saw it, in `version`.

    Raises:
        Conflict: somebody has decided it, or it has changed, meanwhile.
    """
    locked = waiting(user).select_for_update(of=("self",)).select_related("category", "team")
    ticket = locked.filter(pk=ticket_id).first()
    if ticket is None:
        raise Conflict(
            _("Ticket #%(id)s no longer waits for you: a colleague was quicker. Nothing was changed.")
            % {"id": ticket_id}
        )
    if ticket.version != version:
        raise Conflict(
            _("Ticket #%(id)s has changed since you opened it: nothing was stored. Here it is as it is now.")
            % {"id": ticket_id}
        )
    label = ticket.label(user, category=category, priority=priority, now=now)
    assert label is not None  # a category was given
    return label


def own_label(user: User, label_id: int, now: datetime) -> Classification | None:
    """A label that `user` gave lately: the way back to a ticket, also where the label sent it to another team."""
    given = Classification.objects.filter(author=user, source=SetBy.PERSON, created__gte=now - UNDO)
    return given.select_related("ticket__category", "ticket__team", "category").filter(pk=label_id).first()
