"""Files of a ticket: uploaded before the message they go with, downloaded after."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as drf
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.access import ticket_or_404
from tickets.api import serializers
from tickets.api.base import ApiView
from tickets.api.fields import Choice, StrictSerializer
from tickets.api.paging import KeysetPagination
from tickets.api.problems import Problem
from tickets.api.shapes import shape_attachments
from tickets.attachments import AttachmentRefused, hold
from tickets.desk.files import attachment_or_404, file_answer
from tickets.models import Attachment, Message


class Upload(StrictSerializer):
    """`kind` is the kind of message that the file is for."""

    kind = Choice(Message.Kind.choices)
    file = drf.FileField(max_length=255)


class Attachments(ApiView):
    queryset = Attachment.objects.none()
    serializer_class = serializers.AttachmentOut
    pagination_class = KeysetPagination
    default_ordering = "created_at"
    parser_classes = [MultiPartParser]

    @extend_schema(summary="List a ticket's files", responses=serializers.AttachmentOut(many=True))
    def get(self, request: Request, ticket_id: int) -> Response:
        """Those of its messages, the oldest first."""
        ticket = ticket_or_404(self.user, ticket_id)
        return self.page(ticket.attachments.filter(message__isnull=False), shape_attachments)

    @extend_schema(
        summary="Upload a file", request={"multipart/form-data": Upload}, responses={201: serializers.AttachmentOut}
    )
    def post(self, request: Request, ticket_id: int) -> Response:
        """Upload first, then name the id in `attachments` of the message that the file goes with."""
        ticket = ticket_or_404(self.user, ticket_id)
        given: dict[str, Any] = self.read(Upload)
        file = given["file"]
        try:
            held = hold(ticket, self.user, given["kind"], file.name, file, file.content_type or "")
        except AttachmentRefused as refused:
            raise Problem("bad_request", str(refused)) from refused
        return Response(shape_attachments([held])[0], 201)


class Download(ApiView):
    @extend_schema(
        summary="Download a file",
        responses={(200, kind): OpenApiTypes.BINARY for kind in ("application/octet-stream", "image/*")},
    )
    def get(self, request: Request, ticket_id: int, attachment_id: int) -> HttpResponseBase:
        """Its bytes. Whatever it claims to be, it is never shown in Collie's own name."""
        ticket = ticket_or_404(self.user, ticket_id)
        return file_answer(request._request, attachment_or_404(self.user, ticket, attachment_id))
