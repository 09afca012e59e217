"""A prompt for the relay, with Collie's limits, ledger and budgets; streamed or not as the gateway decides."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant import assisting, gateway
from assistant.api import examples, forms, serializers
from assistant.api.drafts import event_stream
from assistant.api.problems import SPENDS, of_failure
from assistant.api.shapes import shape_answer
from assistant.assisting import Settled, Stream
from assistant.drafts.frames import RETRYABLE
from tickets.api.base import ApiView
from tickets.models.api_token import Scope

EVENT_SCHEMA = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {"type": "string", "description": "A JSON object with `token` or `error`, or [DONE] at the end."}
    },
}


class Assist(ApiView):
    write_scope = Scope.AI
    network = True

    @extend_schema(
        summary="Ask the relay", request=forms.AssistWish,
        responses={200: serializers.AssistOut, (200, "text/event-stream"): EVENT_SCHEMA, **SPENDS},
        examples=[examples.ASSIST],
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponseBase:
        """A prompt of your own. With `user_waiting` the answer comes as server-sent events, `data: {"token": "…"}`
        each, unless the use case is one that never streams (batch, report, export, bulk). The last token is empty
        and has usage and cost beside it; then comes `data: [DONE]`. An answer that breaks off ends with
        `data: {"error": …}` instead. Without `user_waiting`, and for those use cases, it comes whole, as JSON."""
        given = self.read(forms.AssistWish)
        route = gateway.route_request(
            prompt=given["prompt"], use_case=given.get("use_case", "chat"),
            user_waiting=given.get("user_waiting", False), model=given.get("model", ""),
        )  # fmt: skip
        if not route.streams:
            settled = assisting.answer(route, self.user)
            return Response({"text": settled.text, **shape_answer(settled)})
        stream = Stream(route, self.user)
        stream.wait_for_first()
        return event_stream(_events(stream))


async def _events(stream: Stream) -> AsyncIterator[bytes]:
    async for piece in stream.pieces():
        if isinstance(piece, str):
            yield _data({"token": piece})
        elif isinstance(piece, Settled):
            yield _data({"token": "", **shape_answer(piece)})
            yield b"data: [DONE]\n\n"
        else:
            problem = of_failure(piece)
            retryable = problem.code in RETRYABLE
            yield _data({"error": {"code": problem.code, "message": problem.said, "retryable": retryable}})


def _data(value: object) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
