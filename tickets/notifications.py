"""Who hears of what: rows for the desk's bell, and mail for what nobody has looked at.

The receivers hang on rows as they are written one by one, inside the verb's transaction; imports, which write in
bulk, tell nobody. Bulk assignment calls `assigned` itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.access import tickets_for, visible_pairs
from tickets.links import site_url
from tickets.mail.queue import queue_mail
from tickets.models import Message, Notification, OutgoingMail, Profile, TicketEvent
from tickets.models.notification import NotificationQuerySet

AT_ONCE = 500
IN_ONE_MAIL = 20
MOST_AT_ONCE = 20
KEPT = timedelta(days=90)
_MENTION = re.compile(r"(?<![\w.@+-])@([\w.@+-]+)")
_MARKUP = str.maketrans({"[": "(", "]": ")", "<": "‹", ">": "›", "`": "'", "\\": "/"})


def of(user: User) -> NotificationQuerySet:
    """What the desk shows `user`: of tickets they may still see."""
    return Notification.objects.filter(person=user, on_desk=True, ticket__in=tickets_for(user).order_by())


def assigned(ticket_ids: Collection[int], assignee: User | None, actor: User | None, now: datetime) -> None:
    """Tell `assignee` of the newest MOST_AT_ONCE of the tickets they were given at once; the inbox has them all."""
    if assignee is not None:
        newest = sorted(ticket_ids, reverse=True)[:MOST_AT_ONCE]
        Notification.tell(Notification.Kind.ASSIGNED, [assignee], ticket_ids=newest, actor=actor, now=now)


def on_event(sender: object, instance: TicketEvent, created: bool, raw: bool = False, **_: Any) -> None:
    """Receiver of TicketEvent's post_save: an assignment is told to who got the ticket."""
    if created and not raw and instance.kind == TicketEvent.Kind.ASSIGNEE and instance.new:
        assignee = User.objects.filter(username=instance.new).first()
        assigned([instance.ticket_id], assignee, instance.actor, instance.created)


def on_message(sender: object, instance: Message, created: bool, raw: bool = False, **_: Any) -> None:
    """Receiver of Message's post_save: the customer's words are told to the assignee, a note to whom it mentions."""
    if not created or raw:
        return
    kind, people = Notification.Kind.REPLIED, []
    if instance.kind == Message.Kind.CUSTOMER and instance.ticket.assignee_id:
        people = list(User.objects.filter(pk=instance.ticket.assignee_id))
    elif instance.kind == Message.Kind.NOTE:
        kind, people = Notification.Kind.MENTIONED, mentioned(instance)
    Notification.tell(
        kind, people, ticket_ids=[instance.ticket_id], actor=instance.author, now=instance.created,
        message_id=instance.pk,
    )  # fmt: skip


def mentioned(note: Message) -> list[User]:
    """Those whom a note names as @username and who may see its ticket."""
    names = {name.rstrip(".-+@") for name in _MENTION.findall(note.body)}
    people = list(User.objects.filter(username__in=names, is_active=True)) if names else []
    visible = visible_pairs([(person.pk, note.ticket_id) for person in people])
    return [person for person in people if (person.pk, note.ticket_id) in visible]


def mail_unseen(now: datetime) -> int:
    """Periodic job: mail what stayed unseen for NOTIFY_MAIL_MINUTES, one mail a person. Returns how many mails."""
    due = Notification.objects.unseen().filter(
        by_mail=True, created__lte=now - timedelta(minutes=settings.NOTIFY_MAIL_MINUTES)
    )
    ids = list(due.order_by("created").values_list("pk", flat=True)[:AT_ONCE])
    if not ids:
        return 0
    with transaction.atomic():
        locked = due.filter(pk__in=ids).select_for_update(of=("self",))
        rows = list(locked.select_related("person__profile", "ticket", "actor"))
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(by_mail=False)
        return sum(_mail(person_rows, now) for person_rows in _by_person(rows))


def forget(now: datetime) -> None:
    """Periodic job: old notifications are deleted."""
    Notification.objects.filter(created__lt=now - KEPT).delete()


def sentence(row: Notification) -> str:
    """What happened, in words; `row` with actor and ticket loaded."""
    actor = (row.actor.get_full_name() or row.actor.username) if row.actor else ""
    if row.kind == Notification.Kind.ASSIGNED:
        return _("%(name)s assigned it to you") % {"name": actor} if actor else _("It was assigned to you")
    if row.kind == Notification.Kind.MENTIONED:
        return _("%(name)s mentioned you in a note") % {"name": actor} if actor else _("You were mentioned in a note")
    return _("The customer wrote")


def _by_person(rows: Sequence[Notification]) -> list[list[Notification]]:
    """Of those who may still see the ticket and have an address, the rows of each."""
    visible = visible_pairs([(row.person_id, row.ticket_id) for row in rows])
    found: defaultdict[int, list[Notification]] = defaultdict(list)
    for row in rows:
        if (row.person_id, row.ticket_id) in visible and row.person.email:
            found[row.person_id].append(row)
    return list(found.values())


def _mail(rows: Sequence[Notification], now: datetime) -> bool:
    person = rows[0].person
    with translation.override(Profile.of(person).language or settings.LANGUAGE_CODE):
        lines = [
            (
                f"#{row.ticket_id} {row.ticket.subject.translate(_MARKUP)}",
                sentence(row).translate(_MARKUP),
                row.ticket,
            )
            for row in rows[:IN_ONE_MAIL]
        ]
        subject = lines[0][0] if len(rows) == 1 else ngettext("%(n)d notification", "%(n)d notifications", len(rows))
        context = {"lines": lines, "more": len(rows) - len(lines), "site": site_url(), "person": person}
        body = render_to_string("tickets/letters/notifications.md", context).strip()
        queued = queue_mail(
            person.email, subject % {"n": len(rows)} if len(rows) > 1 else subject, body,
            kind=OutgoingMail.Kind.NOTIFICATION, now=now,
        )  # fmt: skip
    return queued is not None
