"""What became of the drafts people asked for: sent as they were, sent edited, or not sent. One query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from django.contrib.auth.models import User
from django.db.models import Avg, Count, Q

from assistant.models import Draft
from tickets.access import is_admin, tickets_for
from tickets.people import display_name
from tickets.periods import Period


@dataclass(frozen=True)
class Used:
    """Replies drafted for somebody. `changed` is the mean share of the words that were changed in the edited ones."""

    name: str
    written: int
    as_is: int
    edited: int
    changed: float | None

    @property
    def unused(self) -> int:
        return self.written - self.as_is - self.edited

    @property
    def share_used(self) -> float | None:
        return (self.as_is + self.edited) / self.written if self.written else None


def drafts_used(user: User, period: Period, zone: tzinfo, team: str = "") -> list[Used]:
    """By the person who asked for them, by name; drafts of tickets `user` may see that ended in the period."""
    start, end = period.bounds(zone)
    ended = [state for state in Draft.State if state != Draft.State.STREAMING]
    drafts = Draft.objects.filter(kind=Draft.Kind.REPLY, state__in=ended, saved__gte=start, saved__lt=end)
    if team:
        drafts = drafts.filter(ticket__team__isnull=True) if team == "none" else drafts.filter(ticket__team_id=team)
    if not is_admin(user):
        drafts = drafts.filter(ticket__in=tickets_for(user))
    sent = Q(state=Draft.State.SENT)
    people = drafts.order_by().values_list("author__username", "author__first_name", "author__last_name")
    rows = people.annotate(
        written=Count("pk"),
        as_is=Count("pk", filter=sent & Q(edited=0)),
        reworked=Count("pk", filter=sent & ~Q(edited=0)),
        changed=Avg("edited", filter=sent & Q(edited__gt=0)),
    )
    found = [Used(display_name(first or "", last or "", name or ""), *rest) for name, first, last, *rest in rows]
    return sorted(found, key=lambda used: (not used.name, used.name.casefold()))


def together(rows: list[Used]) -> Used:
    """All of them as one."""
    edited = sum(row.edited for row in rows)
    changed = sum((row.changed or 0) * row.edited for row in rows)
    written, as_is = sum(row.written for row in rows), sum(row.as_is for row in rows)
    return Used("", written, as_is, edited, changed / edited if edited else None)
