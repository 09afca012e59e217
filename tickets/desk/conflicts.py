"""Two people at one ticket: what one of them should see before their change or reply goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.models import Message, Ticket, TicketEvent, UnsentText
from tickets.people import display_name

WRITING = timedelta(minutes=2)  # how fresh a colleague's unsent reply is to be called "being written"
_SHOWN = 3


@dataclass(frozen=True)
class Clash:
    """A property that somebody else has changed since the page was loaded. Values as forms send them."""

    name: str
    label: str
    mine: str
    mine_shown: str
    theirs: str
    theirs_shown: str
    who: str
    when: datetime | None


class Conflict(Exception):
    """A change was made on a version that is no longer the ticket's; nothing was changed."""

    def __init__(self, clashes: list[Clash]) -> None:
        super().__init__(", ".join(clash.name for clash in clashes))
        self.clashes = clashes


def values_of(ticket: Ticket) -> dict[str, str]:
    """The properties of a ticket as forms send them."""
    return {
        "status": ticket.status,
        "priority": ticket.priority,
        "category": ticket.category.slug if ticket.category else "",
        "team": str(ticket.team_id or ""),
        "assignee": str(ticket.assignee_id or ""),
        "subject": ticket.subject,
    }


def shown_of(ticket: Ticket) -> dict[str, str]:
    """The same as people read them."""
    assignee = ticket.assignee
    return {
        "status": ticket.get_status_display(),
        "priority": ticket.get_priority_display(),
        "category": str(ticket.category or _("Not set")),
        "team": str(ticket.team or _("No team")),
        "assignee": display_name(assignee.first_name, assignee.last_name, assignee.username)
        if assignee
        else _("Nobody"),
        "subject": ticket.subject,
    }


def clashing(ticket: Ticket, sent: Mapping[str, str]) -> dict[str, str]:
    """Of the values that were sent with the page's version those that would overwrite what the page did not show.

    A version may have moved on for any reason. A value is in conflict when the ticket has another one, and it is not
    the one that the page showed (`was-<name>`).
    """
    if not sent.get("version") or sent["version"] == str(ticket.version):
        return {}
    now = values_of(ticket)
    return {
        name: value
        for name, value in now.items()
        if name in sent and sent[name] != value and sent.get(f"was-{name}") != value
    }


def last_change(ticket: Ticket, name: str) -> TicketEvent | None:
    """The event of the last change of a property."""
    return ticket.events.filter(kind=name).select_related("actor").order_by("-created", "-pk").first()


def who_of(event: TicketEvent | None) -> str:
    actor = event.actor if event else None
    if actor:
        return display_name(actor.first_name, actor.last_name, actor.username)
    return event.cause if event and event.cause else _("Somebody")


@dataclass(frozen=True)
class Crossing:
    """What others did while a reply was being written. `sentences` say it, `writers` are ids of those still at it."""

    sentences: list[str]
    writers: list[int]


def crossing(ticket: Ticket, user: User, seen: int, confirmed: set[int]) -> Crossing | None:
    """Replies and customers' messages after the one with the id `seen`, and colleagues who write a reply just now,
    but for those in `confirmed`; None when there is nothing to warn of."""
    newer = ticket.messages.filter(pk__gt=seen).exclude(kind=Message.Kind.NOTE).exclude(author=user)
    messages = list(newer.select_related("author").order_by("pk")[:_SHOWN])
    fresh = UnsentText.objects.filter(
        ticket=ticket, kind=Message.Kind.REPLY, updated__gte=timezone.now() - WRITING
    ).exclude(body="")
    others = fresh.exclude(user=user).exclude(user__in=confirmed).select_related("user")
    writers = [unsent.user for unsent in others[:_SHOWN]]
    sentences = [_said(message) for message in messages]
    sentences += [
        _("%(name)s is writing a reply just now.") % {"name": display_name(p.first_name, p.last_name, p.username)}
        for p in writers
    ]
    return Crossing(sentences, [person.pk for person in writers]) if sentences else None


def _said(message: Message) -> str:
    if message.kind == Message.Kind.CUSTOMER:
        return _("The customer has written again since you opened this page.")
    author = message.author
    name = display_name(author.first_name, author.last_name, author.username) if author else _("Somebody")
    return _("%(name)s has replied since you opened this page.") % {"name": name}
