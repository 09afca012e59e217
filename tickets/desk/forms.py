"""What an agent sends from a ticket's page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tickets import signals
from tickets.attachments import hand_over
from tickets.desk.conflicts import Clash, Conflict, clashing, last_change, shown_of, values_of, who_of
from tickets.models import Category, Message, Team, Ticket, TicketEvent, UnsentText
from tickets.models.choices import Priority, Status
from tickets.people import agents, display_name

BODY_LENGTH = 100_000
DRAFT_LENGTH = 64


class NoteForm(forms.Form):
    """`token` names the page it was sent from, so that a second click sends nothing twice. `attachment` are ids of
    files that wait for the message."""

    kind = Message.Kind.NOTE
    body = forms.CharField(
        max_length=BODY_LENGTH,
        error_messages={"required": _("Write something first: there is nothing to send yet.")},
    )
    token = forms.UUIDField(required=False)

    def __init__(self, data: QueryDict) -> None:
        """A page sends both texts of its composer; the note's has a name of its own."""
        data = data.copy()
        if self.kind == Message.Kind.NOTE and "note" in data:
            data["body"] = str(data["note"])
        self.attachments = [int(pk) for pk in data.getlist("attachment") if pk.isascii() and pk.isdigit()]
        super().__init__(data)

    def clean_body(self) -> str:
        """Browsers send CRLF; a draft has LF, and the two are compared."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")

    @transaction.atomic
    def save(self, ticket: Ticket, author: User, files: Iterable[int] = ()) -> Message:
        """Send it with the files that wait for it and those named by `files`."""
        message = self.write(ticket, author)
        hand_over(message, author, [*self.attachments, *files])
        UnsentText.forget(author.pk, ticket.pk, self.kind)
        return message

    def write(self, ticket: Ticket, author: User) -> Message:
        return ticket.note(author, self.cleaned_data["body"], token=self.cleaned_data["token"])


class ReplyForm(NoteForm):
    """`draft` is the id of the AI draft the text was made from; the assistant knows what it means. `seen` is the id
    of the newest message on the page, `despite` the ids of colleagues whose writing the agent was told of."""

    kind = Message.Kind.REPLY
    status = forms.ChoiceField(choices=[("", ""), *Status.choices], required=False)
    draft = forms.CharField(max_length=DRAFT_LENGTH, required=False)
    seen = forms.IntegerField(required=False, min_value=0)
    despite = forms.CharField(max_length=200, required=False)

    @property
    def confirmed(self) -> set[int]:
        return {int(pk) for pk in self.cleaned_data["despite"].split() if pk.isascii() and pk.isdigit()}

    def write(self, ticket: Ticket, author: User) -> Message:
        given = self.cleaned_data
        message = ticket.reply(author, given["body"], status=given["status"], token=given["token"])
        signals.tell_reply_sent(ticket, message, given["draft"])
        return message


class UnsentForm(forms.Form):
    """What is typed, on its way to being kept. It is kept as typed: spaces at its ends too."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in (Message.Kind.REPLY, Message.Kind.NOTE)])
    body = forms.CharField(max_length=BODY_LENGTH, required=False, strip=False)
    other = forms.CharField(max_length=BODY_LENGTH, required=False, strip=False, empty_value=None)
    draft = forms.CharField(max_length=DRAFT_LENGTH, required=False)
    revision = forms.IntegerField(required=False, min_value=0)
    token = forms.UUIDField(required=False)


class UploadForm(forms.Form):
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in (Message.Kind.REPLY, Message.Kind.NOTE)])
    file = forms.FileField()


class PropertiesForm(forms.Form):
    """Any of a ticket's properties; those that were not sent stay as they are.

    With `version`, the page's, and `was-<name>`, what the page showed, nothing that somebody else has set meanwhile
    is overwritten unseen. Tags are added and removed one by one, so they cannot be in conflict.
    """

    status = forms.ChoiceField(choices=Status.choices)
    priority = forms.ChoiceField(choices=Priority.choices)
    category = forms.ModelChoiceField(Category.objects.filter(active=True), to_field_name="slug")
    team = forms.ModelChoiceField(Team.objects.all(), required=False)
    assignee = forms.ModelChoiceField(agents(), required=False)
    subject = forms.CharField(max_length=255, error_messages={"required": _("A ticket needs a subject.")})
    tags = forms.CharField(max_length=1000, required=False)
    add_tag = forms.CharField(max_length=100, required=False)
    remove_tag = forms.CharField(max_length=100, required=False, strip=False)

    def __init__(self, data: dict[str, str]) -> None:
        super().__init__(data)
        for name in set(self.fields) - set(data):
            del self.fields[name]

    @transaction.atomic
    def save(self, ticket: Ticket, actor: User) -> None:
        """Raises Conflict, and changes nothing, when a value would overwrite what the page did not show."""
        ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
        events = {name: last_change(ticket, name) for name in clashing(ticket, self.data)}
        clashes = [self._clash(ticket, name, event) for name, event in events.items() if not _is_by(event, actor)]
        if clashes:
            raise Conflict(clashes)
        given = self.cleaned_data
        if "status" in given:
            ticket.set_status(actor, given["status"])
        ticket.label(actor, category=given.get("category"), priority=given.get("priority", ""))
        if "team" in given:
            ticket.move(actor, given["team"])
        if "assignee" in given:
            ticket.assign(actor, given["assignee"])
        if "subject" in given:
            ticket.rename(actor, given["subject"])
        self._save_tags(ticket, actor)

    def _save_tags(self, ticket: Ticket, actor: User) -> None:
        given = self.cleaned_data
        if "tags" in given:
            ticket.set_tags(actor, given["tags"].split(","))
        if {"add_tag", "remove_tag"} & set(given):
            added = [name for name in given.get("add_tag", "").split(",") if name.strip()]
            ticket.change_tags(actor, add=added, remove=[given.get("remove_tag", "")])

    def _clash(self, ticket: Ticket, name: str, event: TicketEvent | None) -> Clash:
        return Clash(
            name, str(self[name].label), self.data[name], self._shown(name), values_of(ticket)[name],
            shown_of(ticket)[name], who_of(event), event.created if event else None,
        )  # fmt: skip

    def _shown(self, name: str) -> str:
        value: Any = self.cleaned_data[name]
        if isinstance(value, User):
            return display_name(value.first_name, value.last_name, value.username)
        if name in {"status", "priority"}:
            return str(dict({"status": Status, "priority": Priority}[name].choices)[value])
        return str(value) if value else str(_("nothing"))


def _is_by(event: TicketEvent | None, actor: User) -> bool:
    """Who changes something twice, or in two windows, is in conflict with nobody."""
    return event is not None and event.actor_id == actor.pk
