"""What an agent sends from a ticket's page."""

from __future__ import annotations

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tickets import signals
from tickets.models import Category, Message, Team, Ticket
from tickets.models.choices import Priority, Status
from tickets.people import agents

BODY_LENGTH = 100_000


class NoteForm(forms.Form):
    body = forms.CharField(
        max_length=BODY_LENGTH,
        error_messages={"required": _("Write something first: there is nothing to send yet.")},
    )

    def clean_body(self) -> str:
        """Browsers send CRLF; a draft has LF, and the two are compared."""
        return str(self.cleaned_data["body"]).replace("\r\n", "\n")

    def save(self, ticket: Ticket, author: User) -> Message:
        return ticket.note(author, self.cleaned_data["body"])


class ReplyForm(NoteForm):
    """`draft` is the id of the AI draft the text was made from; the assistant knows what it means. `token` names the
    page it was sent from, so that a second click sends nothing twice."""

    status = forms.ChoiceField(choices=[("", ""), *Status.choices], required=False)
    draft = forms.CharField(max_length=64, required=False)
    token = forms.UUIDField(required=False)

    @transaction.atomic
    def save(self, ticket: Ticket, author: User) -> Message:
        given = self.cleaned_data
        message = ticket.reply(author, given["body"], status=given["status"], token=given["token"])
        signals.tell_reply_sent(ticket, message, given["draft"])
        return message


class PropertiesForm(forms.Form):
    """Any of a ticket's properties; those that were not sent stay as they are."""

    status = forms.ChoiceField(choices=Status.choices)
    priority = forms.ChoiceField(choices=Priority.choices)
    category = forms.ModelChoiceField(Category.objects.filter(active=True), to_field_name="slug")
    team = forms.ModelChoiceField(Team.objects.all(), required=False)
    assignee = forms.ModelChoiceField(agents(), required=False)
    tags = forms.CharField(max_length=1000, required=False)

    def __init__(self, data: dict[str, str]) -> None:
        super().__init__(data)
        for name in set(self.fields) - set(data):
            del self.fields[name]

    @transaction.atomic
    def save(self, ticket: Ticket, actor: User) -> None:
        given = self.cleaned_data
        if "status" in given:
            ticket.set_status(actor, given["status"])
        ticket.label(actor, category=given.get("category"), priority=given.get("priority", ""))
        if "team" in given:
            ticket.move(actor, given["team"])
        if "assignee" in given:
            ticket.assign(actor, given["assignee"])
        if "tags" in given:
            ticket.set_tags(actor, given["tags"].split(","))
