from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F
from django.utils import timezone

from tickets import signals
from tickets.models.category import Category
from tickets.models.choices import Priority, SetBy, Status
from tickets.models.classification import Classification
from tickets.models.event import TicketEvent
from tickets.models.tag import Tag
from tickets.models.team import Team
from tickets.models.ticket_fields import SUBJECT_LENGTH, TicketFields
from tickets.models.verb import verb

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TicketChanges(TicketFields):
    """The verbs that change a ticket's properties, each with its events. What is said in it is in ticket.py."""

    class Meta(TicketFields.Meta):
        abstract = True

    @verb
    def set_status(self, actor: User | None, status: str, *, cause: str = "", now: datetime | None = None) -> None:
        now = now or timezone.now()
        solved = status in {Status.RESOLVED, Status.CLOSED}
        resolved = (self.resolved or now) if solved else None
        values: dict[str, Any] = {"status": Status(status), "resolved": resolved}
        if solved:
            values["snoozed_until"] = None
        self._set(actor, now, cause=cause, **values)

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
        stored = Classification.objects.create(
            ticket_id=self.pk, category=category, priority=priority, source=SetBy.PERSON, author=actor, created=now,
            category_applied=category is not None, priority_applied=bool(priority), replaced=replaced,
        )  # fmt: skip
        signals.tell_labelled([stored])
        return stored

    @verb
    def set_tags(self, actor: User | None, names: Iterable[str], *, now: datetime | None = None) -> None:
        self._tag(actor, set(names), now or timezone.now())

    @verb
    def change_tags(
        self,
        actor: User | None,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        now: datetime | None = None,
    ) -> None:
        """Add and take away single tags; those that somebody else has set meanwhile stay."""
        kept = set(self.tags.values_list("name", flat=True)) - set(remove)
        self._tag(actor, kept | set(add), now or timezone.now())

    @verb
    def rename(self, actor: User | None, subject: str, *, now: datetime | None = None) -> None:
        self._set(actor, now or timezone.now(), subject=subject.strip()[:SUBJECT_LENGTH] or self.subject)

    @verb
    def snooze(self, actor: User | None, until: datetime, *, now: datetime | None = None) -> None:
        """Put the ticket aside until a moment, or until the customer writes. See tickets/snoozing.py."""
        self._set(actor, now or timezone.now(), snoozed_until=until)

    @verb
    def wake(self, actor: User | None, *, cause: str = "", now: datetime | None = None) -> None:
        """Take up a ticket that was put aside; one that waited for the customer is open again."""
        if self.snoozed_until is not None:
            self._wake(actor, now or timezone.now(), cause)

    def _wake(self, actor: User | None, now: datetime, cause: str) -> None:
        status = Status.OPEN if self.status == Status.PENDING else Status(self.status)
        self._set(actor, now, cause=cause, snoozed_until=None, status=status)

    def _tag(self, actor: User | None, names: set[str], now: datetime) -> None:
        old = sorted(self.tags.values_list("name", flat=True))
        new = sorted({name.strip()[:100] for name in names if name.strip()})
        if old == new:
            return
        Tag.objects.bulk_create([Tag(name=name) for name in new], ignore_conflicts=True)
        self.tags.set(Tag.objects.filter(name__in=new))
        self._write_event(TicketEvent.Kind.TAGS, ", ".join(old), ", ".join(new), actor, "", now)
        self._touch(now, "tags")

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
            ticket_id=self.pk, kind=kind, old=old[:200], new=new[:200], actor=actor, cause=cause[:200], created=now
        )

    def _touch(self, now: datetime, *what: str, **values: Any) -> None:
        self.updated = now
        type(self)._default_manager.filter(pk=self.pk).update(version=F("version") + 1, updated=now, **values)
        self.refresh_from_db(fields=["version"])
        signals.tell_changed([self.pk], *what)


_FOLLOWED = {
    "status": TicketEvent.Kind.STATUS,
    "priority": TicketEvent.Kind.PRIORITY,
    "category": TicketEvent.Kind.CATEGORY,
    "team": TicketEvent.Kind.TEAM,
    "assignee": TicketEvent.Kind.ASSIGNEE,
    "subject": TicketEvent.Kind.SUBJECT,
    "snoozed_until": TicketEvent.Kind.SNOOZE,
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.slug if isinstance(value, Category) else str(value)
