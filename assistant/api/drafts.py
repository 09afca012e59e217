"""Drafts without a websocket: asked for, read, followed, stopped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api import examples, forms, serializers
from assistant.api.events import EVENT_SCHEMA, Place, draft_events
from assistant.api.problems import STARTS
from assistant.api.shapes import shape_draft
from assistant.drafts import lifecycle
from assistant.drafts.asking import Wish
from assistant.drafts.streams import hub
from assistant.models import Draft
from tickets.access import ticket_or_404
from tickets.api.base import ApiView
from tickets.api.problems import Problem
from tickets.models import ApiToken
from tickets.models.api_token import Scope
from tickets.supervision import Claim

SHOWN = 50
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    str,
    OpenApiParameter.HEADER,
    description="The id of the last event you have: only the rest comes.",
)


class TicketDrafts(ApiView):
    queryset = Draft.objects.none()
    write_scope = Scope.AI
    network = True

    @extend_schema(summary="List a ticket's drafts", responses=serializers.DraftOut(many=True))
    def get(self, request: Request, ticket_id: int) -> Response:
        """The latest 50, the newest first, in one answer."""
        lifecycle.interrupt_orphans(timezone.now())
        drafts = ticket_or_404(self.user, ticket_id).drafts.select_related("call").order_by("-created")
        return Response([shape_draft(draft) for draft in drafts[:SHOWN]])

    @extend_schema(
        summary="Start a draft", request=forms.DraftWish, responses={202: serializers.DraftOut, **STARTS},
        examples=[examples.DRAFT],
    )  # fmt: skip
    def post(self, request: Request, ticket_id: int) -> Response:
        """Begins to write, and does not wait: follow stream/ or read the draft until its state is no longer
        `streaming`. It stops an earlier one of yours in this ticket. Nothing is sent to the customer."""
        ticket = ticket_or_404(self.user, ticket_id)
        given: dict[str, Any] = self.read(forms.DraftWish)
        draft: Draft = async_to_sync(hub.start)(self.user, ticket.pk, Wish(**given))
        return Response(shape_draft(draft), 202, headers={"Location": f"/api/v1/drafts/{draft.pk}/"})


class DraftView(ApiView):
    write_scope = Scope.AI

    def draft(self, draft_id: UUID) -> Draft:
        seen = lifecycle.drafts_for(self.user).filter(pk=draft_id).values_list("ticket_id", flat=True).first()
        found = lifecycle.find(self.user, seen, draft_id, timezone.now()) if seen else None
        if found is None:
            raise Http404
        return found


class DraftDetail(DraftView):
    @extend_schema(summary="Read a draft", responses=serializers.DraftOut)
    def get(self, request: Request, draft_id: UUID) -> Response:
        return Response(shape_draft(self.draft(draft_id)))


class DraftStop(DraftView):
    @extend_schema(summary="Stop a draft", request=forms.Nothing, responses={202: serializers.DraftOut})
    def post(self, request: Request, draft_id: UUID) -> Response:
        """Ends it and keeps its text, within a second or two; one that has ended stays as it is."""
        draft = self.draft(draft_id)
        self.read(forms.Nothing)
        if draft.state == Draft.State.STREAMING and not async_to_sync(_stop)(draft):
            lifecycle.request_stop(self.user, draft.ticket_id, draft.pk)
        return Response(shape_draft(self.draft(draft_id)), 202)


async def _stop(draft: Draft) -> bool:
    return hub.stop(draft.pk, draft.ticket_id)


class DraftDiscard(DraftView):
    @extend_schema(summary="Throw a draft away", request=forms.Nothing, responses=serializers.DraftOut)
    def post(self, request: Request, draft_id: UUID) -> Response:
        """It counts as not used; the desk offers it no more. One that was sent cannot be."""
        draft = self.draft(draft_id)
        self.read(forms.Nothing)
        if not lifecycle.discard(self.user, draft.ticket_id, draft.pk):
            raise Problem("conflict", _("This draft has been sent or thrown away already."))
        return Response(shape_draft(self.draft(draft_id)))


class DraftStream(DraftView):
    @extend_schema(
        summary="Follow a draft", parameters=[LAST_EVENT_ID],
        responses={(200, "text/event-stream"): EVENT_SCHEMA, 204: None},
    )  # fmt: skip
    def get(self, request: Request, draft_id: UUID) -> HttpResponseBase:
        """Server-sent events: the websocket's messages by their type, their JSON as data. Text comes in
        `draft.snapshot` (what there is already) and `draft.delta` (what is new); `draft.waiting` says what it waits
        for; `draft.done` or `draft.failed` is the last one and has the whole text again. After a cut, send the last
        `id` as Last-Event-ID and get exactly the rest; 204 where you have the end already."""
        draft = self.draft(draft_id)
        place = Place.of(request.headers.get("Last-Event-ID", ""))
        if place.over:
            return HttpResponse(status=204)
        return event_stream(draft_events(draft.pk, place, self._claim(request, draft.ticket_id)))

    def _claim(self, request: Request, ticket_id: int) -> Claim:
        if isinstance(request.auth, ApiToken):
            return Claim(self.user.pk, "", "", ticket_id, token=request.auth.digest)
        key = request._request.session.session_key or ""
        return Claim(self.user.pk, key, self.user.get_session_auth_hash(), ticket_id)


def event_stream(body: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(body, content_type="text/event-stream", headers=STREAM_HEADERS)
