"""Reading plain bodies: JSON answers, and whatever comes in their place."""

import json
from collections.abc import Mapping
from typing import Any

from urllib3.response import BaseHTTPResponse

from .arriving import READ_SIZE
from .deadlines import Call
from .errors import RelayError
from .failures import Failures, is_html, reported_error
from .streaming import TAIL_SECONDS
from .transport import ended, guarded
from .types import Deadlines

MAX_BODY = 10 * 1024 * 1024  # bytes of a plain answer, decompressed
_MAX_ERROR_BODY = 64 * 1024


class BodyReader:
    """Reads one response. `asked_format`: the request had a response_format."""

    def __init__(
        self,
        response: BaseHTTPResponse,
        call: Call,
        deadlines: Deadlines,
        failures: Failures,
        asked_format: bool,
    ) -> None:
        self._response = response
        self._call = call
        self._deadlines = deadlines
        self._failures = failures
        self._asked_format = asked_format

    def json(self) -> dict[str, Any]:
        """The JSON object of a 2xx answer. Raises RelayError for all else, also for an `error` in it."""
        self._check_status()
        return self._parsed(self._read(MAX_BODY))

    def check_stream(self) -> None:
        """Raises RelayError unless what begins here is a stream of events."""
        self._check_status()
        content_type = _content_type(self._response.headers)
        if content_type in ("text/event-stream", ""):
            return
        body = self._refusal()
        if content_type.endswith("json"):
            self._parsed(body)
        raise self._unusable(f"{content_type} instead of a stream of events", body)

    def _check_status(self) -> None:
        response = self._response
        if not 200 <= response.status < 300:
            body = self._refusal()
            raise self._failures.of_status(response.status, response.headers, body, self._asked_format)

    def _refusal(self) -> bytes:
        """As much of an error's body as comes: the status counts even where the words are cut off."""
        self._call.expect("tail", TAIL_SECONDS)
        body = bytearray()
        try:
            self._read_into(body, _MAX_ERROR_BODY)
        except RelayError as error:
            if error.code == "cancelled":
                raise
        return bytes(body)

    def _read(self, limit: int) -> bytes:
        body = bytearray()
        self._read_into(body, limit)
        if len(body) > limit:
            raise self._unusable(f"more than {limit} bytes", bytes(body[:4096]))
        return bytes(body)

    def _read_into(self, body: bytearray, limit: int) -> None:
        while len(body) <= limit and (piece := guarded(self._read1, self._call, self._deadlines)):
            body += piece
        if failure := ended(self._call, self._deadlines):
            raise failure

    def _read1(self) -> bytes:
        return self._response.read1(READ_SIZE, decode_content=True)

    def _parsed(self, body: bytes) -> dict[str, Any]:
        content_type = _content_type(self._response.headers)
        if not body.strip():
            raise self._unusable("an empty body", body)
        if content_type and not content_type.endswith("json"):
            raise self._unusable(f"{content_type} instead of JSON", body)
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            raise self._unusable("something that is no JSON object", body)
        if reported := reported_error(payload):
            raise self._failures.of_report(reported, self._response.headers, asked_format=self._asked_format)
        return payload

    def _unusable(self, what: str, body: bytes) -> RelayError:
        html = is_html(_content_type(self._response.headers), body)
        return self._failures.of_body(
            "a page of HTML" if html else what,
            self._response.headers,
            body,
            status=self._response.status,
            stops_run=html,
        )


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
