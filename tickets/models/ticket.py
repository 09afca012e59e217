from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets import signals
from tickets.models.category import Category
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.models.classification import Classification
from tickets.models.customer import Customer
from tickets.models.event import TicketEvent
from tickets.models.message import Message
from tickets.models.tag import Tag
from tickets.models.team import Team
from tickets.models.ticket_fields import SUBJECT_LENGTH, TicketFields

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def subject_from(body: str) -> str:
    """The first words of a text, for tickets that came without a subject."""
    words = " ".join(body.split())
    if len(words) <= 80:
        return words or str(_("(no text)"))
    return words[:80].rsplit(" ", 1)[0] + "…"


class TicketManager(models.Manager["Ticket"]):
    @transaction.atomic
    def open(
        self,
        customer: Customer,
        body: str,
        *,
        subject: str = "",
        channel: str = Channel.WEB,
        format: str = Message.Format.TEXT,
        actor: User | None = None,
        now: datetime | None = None,
        **fields: Any,
    ) -> Ticket:
        """Create a ticket with the customer's first message and its `opened` event."""
        now = now or timezone.now()
        message = Message(kind=Message.Kind.CUSTOMER, body=body, format=format, created=now)
        ticket = self.create(
            customer=customer,
            subject=(subject.strip() or subject_from(message.plain))[:SUBJECT_LENGTH],
            channel=channel, created=now, updated=now, last_message=now, **fields,
        )  # fmt: skip
        message.ticket = ticket
        message.save()
        TicketEvent.objects.create(ticket=ticket, kind=TicketEvent.Kind.OPENED, new=channel, actor=actor, created=now)
        signals.tell_opened([ticket.pk])
        return ticket


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def verb(
    method: Callable[Concatenate[Ticket, Arguments], Result],
) -> Callable[Concatenate[Ticket, Arguments], Result]:
    """A change of the ticket as it is now: one transaction, its row locked and read anew.

    Without that a page which loaded the ticket a moment ago would compare with what it was then: a person's choice
    that equals the old value would be taken for no change, though a run has overwritten it meanwhile.
    """

    @wraps(method)
    def locked(ticket: Ticket, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with transaction.atomic():
            ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
            return method(ticket, *args, **kwargs)

    return locked


class Ticket(TicketFields):
    """A customer's matter: its thread, its properties and who set them. Changes are the verbs below."""

    objects = TicketManager()

    class Meta(TicketFields.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.pk}/"

    @verb
    def receive(self, body: str, *, format: str = Message.Format.TEXT, now: datetime | None = None) -> Message:
        """Add what the customer wrote; an answered or solved ticket is open again."""
        now = now or timezone.now()
        message = self._add(Message.Kind.CUSTOMER, body, format, None, now)
        if self.status in {Status.PENDING, Status.RESOLVED}:
            self._set(None, now, cause=str(_("the customer wrote")), status=Status.OPEN, resolved=None)
        return message

    @verb
    def reply(
        self, author: User, body: str, *, status: str = "", token: UUID | None = None, now: datetime | None = None
    ) -> Message:
        """Answer the customer, in Markdown; `status` moves the ticket along with it (pending, resolved).

        `token` is the page's: the same text sent twice from one page is one reply.
        """
        now = now or timezone.now()
        sent = self.messages.filter(token=token).first() if token else None
        if sent and sent.body == body:
            return sent
        token = None if sent else token
        message = self._add(Message.Kind.REPLY, body, Message.Format.MARKDOWN, author, now, token)
        if self.first_response is None:
            self.first_response = now
            Ticket.objects.filter(pk=self.pk, first_response__isnull=True).update(first_response=now)
        if status:
            self.set_status(author, status, now=now)
        return message

    @verb
    def note(self, author: User, body: str, *, now: datetime | None = None) -> Message:
        """Write to colleagues; the customer never sees it."""
        return self._add(Message.Kind.NOTE, body, Message.Format.MARKDOWN, author, now or timezone.now())

    @verb
    def set_status(self, actor: User | None, status: str, *, cause: str = "", now: datetime | None = None) -> None:
        now = now or timezone.now()
        solved = status in {Status.RESOLVED, Status.CLOSED}
        resolved = (self.resolved or now) if solved else None
        self._set(actor, now, cause=cause, status=Status(status), resolved=resolved)

    def close(self, actor: User | None, *, cause: str = "", now: datetime | None = None) -> None:
        self.set_status(actor, Status.CLOSED, cause=cause, now=now)

    @verb
    def assign(self, actor: User | None, assignee: User | None, *, now: datetime | None = None) -> None:
        self._set(actor, now or timezone.now(), assignee=assignee)

    @verb
    def move(self, actor: User | None, team: Team | None, *, now: datetime | None = None) -> None:
        """Give the ticket to a team. A person's choice is not rerouted by later classifications."""
        self._set(actor, now or timezone.now(), team=team, team_by=SetBy.PERSON)

    @verb
    def label(
        self,
        actor: User,
        *,
        category: Category | None = None,
        priority: str = "",
        now: datetime | None = None,
    ) -> Classification | None:
        """Set what is given as a person's label: it routes the ticket, ends its review and is never overwritten
        by the AI. Returns the stored classification, None when nothing was given."""
        if category is None and not priority:
            return None
        now = now or timezone.now()
        replaced = Classification.values_of(self)
        values: dict[str, Any] = {"needs_review": False}
        if category is not None:
            values |= {"category": category, "category_by": SetBy.PERSON}
            team_id = Team.routes().get(category.pk)
            if team_id and self.team_by != SetBy.PERSON and category.pk != self.category_id:
                values |= {"team": Team.objects.get(pk=team_id), "team_by": SetBy.RULE}
        if priority:
            values |= {"priority": Priority(priority), "priority_by": SetBy.PERSON}
        self._set(actor, now, **values)
        return Classification.objects.create(
            ticket=self, category=category, priority=priority, source=SetBy.PERSON, author=actor, created=now,
            category_applied=category is not None, priority_applied=bool(priority), replaced=replaced,
        )  # fmt: skip

    @verb
    def set_tags(self, actor: User | None, names: list[str], *, now: datetime | None = None) -> None:
        now = now or timezone.now()
        old = sorted(self.tags.values_list("name", flat=True))
        new = sorted({name.strip()[:100] for name in names if name.strip()})
        if old == new:
            return
        Tag.objects.bulk_create([Tag(name=name) for name in new], ignore_conflicts=True)
        self.tags.set(Tag.objects.filter(name__in=new))
        self._write_event(TicketEvent.Kind.TAGS, ", ".join(old), ", ".join(new), actor, "", now)
        self._touch(now, "tags")

    def _add(
        self, kind: str, body: str, format: str, author: User | None, now: datetime, token: UUID | None = None
    ) -> Message:
        delivery = Message.Delivery.QUEUED if kind == Message.Kind.REPLY else Message.Delivery.NONE
        message = self.messages.create(
            kind=kind, body=body, format=format, author=author, delivery=delivery, created=now, token=token
        )
        if kind != Message.Kind.NOTE:
            self.last_message = now
        self._touch(now, "message", last_message=self.last_message)
        return message

    def _set(self, actor: User | None, now: datetime, *, cause: str = "", **values: Any) -> None:
        """Change fields, with an event for each that people follow and one step of the version."""
        changed = {name: value for name, value in values.items() if getattr(self, name) != value}
        if not changed:
            return
        for name, value in changed.items():
            if name in _FOLLOWED:
                self._write_event(_FOLLOWED[name], self._shown(name), _text(value), actor, cause, now)
        for name, value in changed.items():
            setattr(self, name, value)
        self._touch(now, *changed, **changed)

    def _shown(self, name: str) -> str:
        return _text(getattr(self, name))

    def _write_event(self, kind: str, old: str, new: str, actor: User | None, cause: str, now: datetime) -> None:
        TicketEvent.objects.create(
            ticket=self, kind=kind, old=old[:200], new=new[:200], actor=actor, cause=cause[:200], created=now
        )

    def _touch(self, now: datetime, *what: str, **values: Any) -> None:
        self.updated = now
        Ticket.objects.filter(pk=self.pk).update(version=F("version") + 1, updated=now, **values)
        self.refresh_from_db(fields=["version"])
        signals.tell_changed([self.pk], *what)


_FOLLOWED = {
    "status": TicketEvent.Kind.STATUS,
    "priority": TicketEvent.Kind.PRIORITY,
    "category": TicketEvent.Kind.CATEGORY,
    "team": TicketEvent.Kind.TEAM,
    "assignee": TicketEvent.Kind.ASSIGNEE,
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.slug if isinstance(value, Category) else str(value)
