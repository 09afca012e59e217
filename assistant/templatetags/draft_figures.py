"""What the desk's page of figures takes in of drafts."""

from __future__ import annotations

from django import template
from django.contrib.auth.models import User
from django.utils import timezone

from assistant.drafts.figures import Used, drafts_used, together
from tickets.periods import Period

register = template.Library()


@register.simple_tag
def used_drafts(user: User, period: Period, team: str) -> list[Used]:
    return drafts_used(user, period, timezone.get_current_timezone(), team)


@register.filter
def all_together(rows: list[Used]) -> Used:
    return together(rows)
