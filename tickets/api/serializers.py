"""What requests about tickets hold, and what their answers are declared to be."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from tickets.api.fields import Choice, Email, Moment, Row, StrictSerializer, Text, WordList
from tickets.api.filters import BIGGEST_ID
from tickets.api.problems import flat_errors
from tickets.models import Category, Message, Team, TicketEvent
from tickets.models.choices import Channel, Priority, SetBy, Status
from tickets.models.ticket_fields import SUBJECT_LENGTH
from tickets.opening import NewTicket
from tickets.people import agents

BODY_LENGTH = 100_000
IN_BULK = 1000


def _categories() -> QuerySet[Category]:
    return Category.objects.filter(active=True)


class CustomerRef(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()


class Ticket(serializers.Serializer[Any]):
    """A ticket. `…_by` says who set a label; `version` is what If-Match compares."""

    id = serializers.IntegerField()
    subject = serializers.CharField()
    status = serializers.ChoiceField(Status.choices)
    priority = serializers.ChoiceField(Priority.choices)
    priority_by = serializers.ChoiceField(SetBy.choices)
    category = serializers.CharField(allow_null=True, help_text="Its slug.")
    category_by = serializers.ChoiceField(SetBy.choices)
    needs_human = serializers.BooleanField(help_text="Whether it waits in the review queue.")
    team = serializers.IntegerField(allow_null=True)
    team_by = serializers.ChoiceField(SetBy.choices)
    assignee = serializers.IntegerField(allow_null=True)
    customer = CustomerRef()
    tags = serializers.ListField(child=serializers.CharField())
    channel = serializers.ChoiceField(Channel.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    external_id = serializers.CharField()
    version = serializers.IntegerField()
    snoozed_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()
    first_response_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)


class NewCustomerRef(StrictSerializer):
    email = Email(max_length=254)
    name = Text(max_length=200, required=False, allow_blank=True)


class TicketCreate(StrictSerializer):
    """A ticket as a program opens it. Without a subject, the first words of the body are it."""

    customer = NewCustomerRef()
    body = Text(max_length=BODY_LENGTH, help_text="What the customer wrote.")
    format = Choice(Message.Format.choices, required=False)
    subject = Text(max_length=SUBJECT_LENGTH, required=False, allow_blank=True)
    status = Choice(Status.choices, required=False)
    priority = Choice(Priority.choices, required=False, help_text="Left out: medium, and the AI may set it.")
    category = Row(_categories(), by="slug", required=False, help_text="Left out: the AI may set it.")
    team = Row(Team.objects.all(), required=False, allow_null=True, help_text="Left out: that of the category.")
    assignee = Row(agents(), required=False, allow_null=True)
    tags = WordList(most=50, length=100, required=False)
    source = Text(  # type: ignore[assignment]
        max_length=100, required=False, help_text="What external_id is unique in; `api` unless said."
    )
    external_id = Text(max_length=200, required=False, help_text="The id it has where it comes from.")
    created_at = Moment(required=False, help_text="For what is older than its ticket; never in the future.")

    def validate_created_at(self, value: Any) -> Any:
        if value > timezone.now():
            raise serializers.ValidationError(_("This is in the future."))
        return value


def new_ticket(given: dict[str, Any]) -> NewTicket:
    """The valid data of a TicketCreate as the verb takes it."""
    plain = {name: value for name, value in given.items() if name not in {"customer", "created_at"}}
    plain.setdefault("source", "api")
    customer = given["customer"]
    return NewTicket(email=customer["email"], name=customer.get("name", ""), created=given.get("created_at"), **plain)


def read_each(rows: list[Any]) -> list[tuple[NewTicket | None, list[dict[str, str]]]]:
    """For each row what a TicketCreate makes of it: a ticket to open, or None and what is wrong."""
    form = TicketCreate()
    read: list[tuple[NewTicket | None, list[dict[str, str]]]] = []
    for row in rows:
        try:
            read.append((new_ticket(form.run_validation(row)), []))
        except serializers.ValidationError as error:
            read.append((None, list(flat_errors(error.detail))))
    return read


class TicketChange(StrictSerializer):
    """Any of these; what is left out stays as it is."""

    subject = Text(max_length=SUBJECT_LENGTH, required=False)
    status = Choice(Status.choices, required=False)
    priority = Choice(Priority.choices, required=False)
    category = Row(_categories(), by="slug", required=False)
    team = Row(Team.objects.all(), required=False, allow_null=True)
    assignee = Row(agents(), required=False, allow_null=True)
    tags = WordList(most=50, length=100, required=False, help_text="All of them: what is not named is taken away.")


class TicketBulk(StrictSerializer):
    tickets = serializers.ListField(
        child=serializers.JSONField(), min_length=1, max_length=IN_BULK, help_text="Each as for a single ticket."
    )


class BulkError(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class BulkResult(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Which of the tickets that were sent.")
    outcome = serializers.ChoiceField(["created", "exists", "rejected"])
    id = serializers.IntegerField(allow_null=True)
    errors = BulkError(many=True)  # type: ignore[assignment]


class BulkAnswer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    existing = serializers.IntegerField()
    rejected = serializers.IntegerField()
    results = BulkResult(many=True)


class AttachmentOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    content_type = serializers.CharField(help_text="As its bytes say.")
    size = serializers.IntegerField(help_text="In bytes.")
    message = serializers.IntegerField(allow_null=True, help_text="Null while it waits for its message.")
    created_at = serializers.DateTimeField()


class MessageOut(serializers.Serializer[Any]):
    """What the customer wrote, a reply to them, or a note among colleagues. `text` is `body` without markup."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Message.Kind.choices)
    author = serializers.IntegerField(allow_null=True)
    body = serializers.CharField()
    format = serializers.ChoiceField(Message.Format.choices)
    text = serializers.CharField()
    delivery = serializers.ChoiceField(Message.Delivery.choices)
    attachments = AttachmentOut(many=True)
    created_at = serializers.DateTimeField()


class MessageCreate(StrictSerializer):
    """`reply` goes to the customer, `note` to colleagues; `customer` is what the customer said elsewhere. Replies and
    notes are Markdown."""

    kind = Choice(Message.Kind.choices)
    body = Text(max_length=BODY_LENGTH)
    format = Choice(Message.Format.choices, required=False, help_text="Only for kind customer; text unless said.")
    status = Choice(Status.choices, required=False, help_text="Only for a reply: moves the ticket along with it.")
    attachments = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID), required=False, max_length=20,
        help_text="Ids of files that were uploaded for this kind of message.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "status" in attrs and attrs["kind"] != Message.Kind.REPLY:
            raise serializers.ValidationError({"status": [_("Only a reply moves the ticket along.")]})
        if "format" in attrs and attrs["kind"] != Message.Kind.CUSTOMER:
            raise serializers.ValidationError({"format": [_("Replies and notes are Markdown.")]})
        return attrs


class EventOut(serializers.Serializer[Any]):
    """Who changed what, when and why. `actor` is null where no person did; `cause` then says what did."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(TicketEvent.Kind.choices)
    old = serializers.CharField()
    new = serializers.CharField()
    actor = serializers.IntegerField(allow_null=True)
    cause = serializers.CharField()
    created_at = serializers.DateTimeField()


class ClassificationOut(serializers.Serializer[Any]):
    """One opinion on a ticket, the AI's or a person's, applied or only stored."""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    category = serializers.CharField(allow_null=True, help_text="Its slug.")
    priority = serializers.CharField(help_text="Empty where only the category was set.")
    confidence = serializers.FloatField(allow_null=True, help_text="0 to 1, the model's own.")
    reason = serializers.CharField()
    doubt = serializers.CharField(help_text="Why a person should look first.")
    source = serializers.ChoiceField(SetBy.choices)  # type: ignore[assignment]
    author = serializers.IntegerField(allow_null=True)
    model = serializers.CharField()
    prompt_version = serializers.CharField()
    category_applied = serializers.BooleanField()
    priority_applied = serializers.BooleanField()
    created_at = serializers.DateTimeField()
