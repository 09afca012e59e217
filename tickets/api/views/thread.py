"""What belongs to one ticket: messages, files, events, classifications."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.access import ticket_or_404
from tickets.api import examples, serializers
from tickets.api.base import ApiView
from tickets.api.paging import KeysetPagination
from tickets.api.shapes import shape_classifications, shape_events, shape_messages
from tickets.attachments import hand_over
from tickets.models import Classification, Message, Ticket, TicketEvent


class _OfTicket(ApiView):
    """A list of a ticket's own rows, the oldest first unless asked otherwise."""

    pagination_class = KeysetPagination
    default_ordering = "created_at"

    def ticket(self) -> Ticket:
        return ticket_or_404(self.user, self.kwargs["ticket_id"])


class Messages(_OfTicket):
    queryset = Message.objects.none()
    serializer_class = serializers.MessageOut

    @extend_schema(summary="List a ticket's messages", responses=serializers.MessageOut(many=True))
    def get(self, request: Request, ticket_id: int) -> Response:
        """The thread, the oldest message first."""
        messages: QuerySet[Any] = self.ticket().messages.prefetch_related("attachments")
        return self.page(messages, shape_messages)

    @extend_schema(
        summary="Write a message", request=serializers.MessageCreate, responses={201: serializers.MessageOut},
        examples=[examples.REPLY, examples.NOTE],
    )  # fmt: skip
    @transaction.atomic
    def post(self, request: Request, ticket_id: int) -> Response:
        """Replies to the customer, notes for colleagues, or adds what the customer said elsewhere."""
        ticket = self.ticket()
        given = self.read(serializers.MessageCreate)
        message = _write(ticket, self.user, given)
        hand_over(message, self.user, given.get("attachments", ()))
        return Response(shape_messages([message])[0], 201)


def _write(ticket: Ticket, author: Any, given: dict[str, Any]) -> Message:
    if given["kind"] == Message.Kind.REPLY:
        return ticket.reply(author, given["body"], status=given.get("status", ""))
    if given["kind"] == Message.Kind.NOTE:
        return ticket.note(author, given["body"])
    return ticket.receive(given["body"], format=given.get("format", Message.Format.TEXT))


class Events(_OfTicket):
    queryset = TicketEvent.objects.none()
    serializer_class = serializers.EventOut

    @extend_schema(summary="List a ticket's events", responses=serializers.EventOut(many=True))
    def get(self, request: Request, ticket_id: int) -> Response:
        """Who changed what, when and why, the oldest first."""
        return self.page(self.ticket().events.all(), shape_events)


class Classifications(_OfTicket):
    queryset = Classification.objects.none()
    serializer_class = serializers.ClassificationOut

    @extend_schema(summary="List a ticket's classifications", responses=serializers.ClassificationOut(many=True))
    def get(self, request: Request, ticket_id: int) -> Response:
        """Every opinion on the ticket, the AI's and people's, the oldest first. None is ever rewritten."""
        return self.page(self.ticket().classifications.select_related("category"), shape_classifications)
