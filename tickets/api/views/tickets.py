"""Tickets: listed, opened one by one or in bulk, read, changed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.access import ticket_or_404, tickets_for
from tickets.api import examples, serializers
from tickets.api.base import ApiView
from tickets.api.filters import TicketFilters
from tickets.api.paging import KeysetPagination
from tickets.api.problems import Problem
from tickets.api.shapes import one_ticket, shape_tickets, ticket_values
from tickets.models import Ticket
from tickets.models.choices import Channel
from tickets.opening import open_tickets

IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER,
    description="The ETag of the ticket as you read it: 412 where it has changed since. Left out: no question asked.",
)  # fmt: skip


class TicketList(ApiView):
    queryset = Ticket.objects.none()
    serializer_class = serializers.Ticket
    filterset_class = TicketFilters
    pagination_class = KeysetPagination
    orderings = {"created_at": "created", "updated_at": "updated", "last_message_at": "last_message"}

    @extend_schema(summary="List tickets", responses=serializers.Ticket(many=True))
    def get(self, request: Request) -> Response:
        """The tickets you may see, the newest first."""
        return self.page(ticket_values(tickets_for(self.user)), shape_tickets)

    @extend_schema(
        summary="Open a ticket", request=serializers.TicketCreate, responses={201: serializers.Ticket},
        examples=[examples.NEW_TICKET, examples.TICKET],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Opens a ticket with the customer's first message; the customer is made where the address is new.

        A second one of the same `source` and `external_id` is refused with `already_exists` and the first one's id.
        """
        new = serializers.new_ticket(self.read(serializers.TicketCreate))
        (opened,) = open_tickets([new], channel=Channel.API, actor=self.user, now=timezone.now())
        if opened.existed:
            visible = tickets_for(self.user).filter(pk=opened.ticket_id).exists()
            known: dict[str, Any] = {"id": opened.ticket_id} if visible else {}
            raise Problem("already_exists", _("There is a ticket of this source and external_id."), **known)
        return _answer(opened.ticket_id, status=201)


class TicketBulk(ApiView):
    @extend_schema(
        summary="Open up to 1,000 tickets", request=serializers.TicketBulk,
        responses={200: serializers.BulkAnswer}, examples=[examples.BULK, examples.BULK_ANSWER],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Opens those that are right and says for each row what became of it: `created`, `exists` (same source and
        external id) or `rejected` with its errors. Rows that are wrong keep no other back."""
        read = serializers.read_each(self.read(serializers.TicketBulk)["tickets"])
        valid = [number for number, (new, _errors) in enumerate(read) if new]
        opened = open_tickets(
            [new for new, _errors in read if new], channel=Channel.API, actor=self.user, now=timezone.now()
        )
        existing = [outcome.ticket_id for outcome in opened if outcome.existed]
        seen = set(tickets_for(self.user).filter(pk__in=existing).values_list("pk", flat=True)) if existing else set()
        results = [{"index": number, "outcome": "rejected", "id": None, "errors": errors} for number, (_, errors) in
                   enumerate(read)]  # fmt: skip
        for number, outcome in zip(valid, opened, strict=True):
            known = not outcome.existed or outcome.ticket_id in seen
            results[number]["outcome"] = "exists" if outcome.existed else "created"
            results[number]["id"] = outcome.ticket_id if known else None
        counts = {
            "created": len(opened) - len(existing),
            "existing": len(existing),
            "rejected": len(read) - len(opened),
        }
        return Response({**counts, "results": results})


class TicketDetail(ApiView):
    @extend_schema(summary="Read a ticket", responses=serializers.Ticket, examples=[examples.TICKET])
    def get(self, request: Request, ticket_id: int) -> Response:
        """The ticket; its ETag is for If-Match."""
        return _answer(ticket_or_404(self.user, ticket_id).pk)

    @extend_schema(
        summary="Change a ticket", request=serializers.TicketChange, responses={200: serializers.Ticket},
        parameters=[IF_MATCH], examples=[examples.CHANGE, examples.TICKET],
    )  # fmt: skip
    def patch(self, request: Request, ticket_id: int) -> Response:
        """Changes what is given, as a person's choice: the AI never overwrites it."""
        given = self.read(serializers.TicketChange)
        with transaction.atomic():
            ticket = ticket_or_404(self.user, ticket_id)
            ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
            compare(request, ticket)
            _change(ticket, self.user, given)
        return _answer(ticket_id)


def compare(request: Request, ticket: Ticket) -> None:
    """If-Match: raises version_conflict unless one of its ETags is that of the ticket as it is now."""
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if _etag(ticket.version) not in parse_etags(wanted):
        raise Problem(
            "version_conflict",
            _("The ticket has changed since you read it; read it again and decide anew."),
            headers={"ETag": _etag(ticket.version)},
            version=ticket.version,
        )


def _change(ticket: Ticket, actor: User, given: dict[str, Any]) -> None:
    if "status" in given:
        ticket.set_status(actor, given["status"])
    ticket.label(actor, category=given.get("category"), priority=given.get("priority", ""))
    if "team" in given:
        ticket.move(actor, given["team"])
    if "assignee" in given:
        ticket.assign(actor, given["assignee"])
    if "subject" in given:
        ticket.rename(actor, given["subject"])
    if "tags" in given:
        ticket.set_tags(actor, given["tags"])


def _etag(version: int) -> str:
    return f'"{version}"'


def _answer(ticket_id: int, status: int = 200) -> Response:
    shown = one_ticket(ticket_id)
    headers = {"ETag": _etag(shown["version"])}
    if status == 201:
        headers["Location"] = f"/api/v1/tickets/{ticket_id}/"
    return Response(shown, status, headers=headers)
