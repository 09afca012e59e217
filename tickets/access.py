"""Who sees what: the only door to a ticket."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from tickets.models import Customer, Team, Ticket

ADMINS = "Admins"


def is_admin(user: AbstractBaseUser | AnonymousUser) -> bool:
    """True for active superusers and members of the Admins group; asked of the database once per user object."""
    if not isinstance(user, User) or not user.is_active:
        return False
    known = getattr(user, "_is_desk_admin", None)
    if known is None:
        known = user.is_superuser or _is_in_admins(user)
        user._is_desk_admin = known  # type: ignore[attr-defined]
    return known


def with_admin_mark(users: QuerySet[User]) -> QuerySet[User]:
    """Users of whom is_admin costs no query."""
    member = User.groups.through.objects.filter(user=OuterRef("pk"), group__name=ADMINS)
    return users.annotate(in_admins=Exists(member))


def _is_in_admins(user: User) -> bool:
    marked: bool | None = getattr(user, "in_admins", None)
    return user.groups.filter(name=ADMINS).exists() if marked is None else marked


def tickets_for(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Ticket]:
    """The tickets `user` may read and change: all for admins, none for strangers, else their teams' tickets,
    those assigned to them and those without a team."""
    if not isinstance(user, User) or not user.is_active:
        return Ticket.objects.none()
    if is_admin(user):
        return Ticket.objects.all()
    own_teams = Team.objects.filter(members=user).values("pk")
    return Ticket.objects.filter(Q(team__isnull=True) | Q(team__in=own_teams) | Q(assignee=user))


def visible_pairs(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Of (user id, ticket id) pairs those that `tickets_for` would let through: four queries for any number."""
    users = User.objects.filter(pk__in={user_id for user_id, _ in pairs}, is_active=True)
    active = set(users.values_list("pk", flat=True))
    admins = set(users.filter(Q(is_superuser=True) | Q(groups__name=ADMINS)).values_list("pk", flat=True))
    members = set(Team.members.through.objects.filter(user__in=active).values_list("user_id", "team_id"))
    rows = Ticket.objects.filter(pk__in={ticket_id for _, ticket_id in pairs}).values_list(
        "pk", "team_id", "assignee_id"
    )
    tickets = {pk: (team_id, assignee_id) for pk, team_id, assignee_id in rows}

    def visible(user_id: int, ticket_id: int) -> bool:
        if user_id not in active or ticket_id not in tickets:
            return False
        team_id, assignee_id = tickets[ticket_id]
        return user_id in admins or team_id is None or assignee_id == user_id or (user_id, team_id) in members

    return {pair for pair in pairs if visible(*pair)}


def ticket_or_404(user: AbstractBaseUser | AnonymousUser, ticket_id: int) -> Ticket:
    """The ticket, or Http404 both when there is none and when `user` may not know of it."""
    related = ("customer", "category", "team", "assignee")
    ticket = tickets_for(user).select_related(*related).filter(pk=ticket_id).first()
    if ticket is None:
        raise Http404(_("No such ticket."))
    return ticket


def customers_for(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Customer]:
    """The customers `user` may know of: all for admins, none for strangers, else those of the tickets they see and
    those who have no ticket yet."""
    if not isinstance(user, User) or not user.is_active:
        return Customer.objects.none()
    if is_admin(user):
        return Customer.objects.all()
    seen = Exists(tickets_for(user).filter(customer=OuterRef("pk")))
    return Customer.objects.filter(seen | ~Exists(Ticket.objects.filter(customer=OuterRef("pk"))))


def grant_admins(**_: Any) -> None:
    """Give the Admins group every permission of the two apps and of the user accounts (after each migrate)."""
    group, _created = Group.objects.get_or_create(name=ADMINS)
    apps = ("tickets", "assistant", "auth")
    group.permissions.set(Permission.objects.filter(content_type__app_label__in=apps))
