"""Bodies as they come in, and the one form of what goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from tickets.api.problems import Problem

MOST_BYTES = 16 * 1024 * 1024


class JSONParser(parsers.BaseParser):
    """Strict JSON in UTF-8 up to MOST_BYTES; the raw bytes are kept on the view for Idempotency-Key.

    No kind of DRF's JSONParser: DRF reads bodies for those itself, up to Django's limit for forms.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise Problem("too_large", _("A request may have at most %d MB.") % (MOST_BYTES >> 20))
        if parser_context and "view" in parser_context:
            parser_context["view"].raw_body = raw
        try:
            data = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
            if b"\\ud" in raw.lower():
                json.dumps(data, ensure_ascii=False).encode("utf-8")  # half a pair is no text
        except (ValueError, RecursionError) as error:
            raise Problem("bad_request", _("The body is not valid JSON in UTF-8.")) from error
        return data


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class AlwaysFirst(BaseContentNegotiation):
    """There is one form of an answer, so nobody is sent away for what they would rather have had."""

    def select_parser(self, request: Request, parsers: Sequence[Any]) -> Any:  # type: ignore[override]
        given = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == given), None)

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type
