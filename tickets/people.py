"""Colleagues as they are named on a page, and those a ticket may be given to."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from tickets.access import ADMINS


def display_name(first: str, last: str, username: str) -> str:
    return f"{first} {last}".strip() or username


def agents() -> QuerySet[User]:
    """Active people who work on tickets: members of a team, admins and superusers."""
    working = Q(teams__isnull=False) | Q(groups__name=ADMINS) | Q(is_superuser=True)
    return User.objects.filter(working, is_active=True).distinct()
