"""Pages of a list by signed cursors, over tickets/paging.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import signing
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tickets.api.problems import Problem
from tickets.paging import keyset_page

if TYPE_CHECKING:
    from tickets.api.base import ApiView

SIZE, MOST = 50, 200


class KeysetPagination(BasePagination):
    """`limit` rows after `cursor`, in one of the view's `orderings`. Cursors are signed, and of one ordering."""

    _next = _previous = ""

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: ApiView
    ) -> list[Any]:
        self._request = request
        given = request.query_params
        names = list(view.orderings)
        self._ordering = given.get("ordering", view.default_ordering or f"-{names[0]}")
        if self._ordering.removeprefix("-") not in names or self._ordering.startswith("--"):
            allowed = ", ".join(f"{name}, -{name}" for name in names)
            raise _wrong("ordering", _("Order by one of: %s.") % allowed)
        page = keyset_page(
            queryset,
            field=view.orderings[self._ordering.removeprefix("-")],
            cursor=self._read_cursor(given.get("cursor")),
            size=_size(given.get("limit")),
            descending=self._ordering.startswith("-"),
        )
        self._next, self._previous = page.next, page.previous
        return list(page.rows)

    def _read_cursor(self, given: str | None) -> str:
        if given is None:
            return ""
        try:
            ordering, cursor = signing.loads(given, salt="api-cursor")
        except (signing.BadSignature, ValueError, TypeError, UnicodeError) as error:
            raise _wrong("cursor", _("No cursor of ours; follow `next` and `previous` as they are.")) from error
        if ordering != self._ordering:
            raise _wrong("cursor", _("This cursor belongs to another ordering; begin without it."))
        return str(cursor)

    def _link(self, cursor: str) -> str | None:
        if not cursor:
            return None
        signed = signing.dumps([self._ordering, cursor], salt="api-cursor")
        return replace_query_param(self._request.build_absolute_uri(), "cursor", signed)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link(self._next), "previous": self._link(self._previous), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [sign + name for name in view.orderings for sign in ("-", "")]
        first = view.default_ordering or names[0]
        kinds: dict[str, tuple[dict[str, Any], str]] = {
            "cursor": ({"type": "string", "minLength": 1}, "From `next` or `previous` of another page."),
            "limit": (
                {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE}, "Rows on the page."
            ),
            "ordering": ({"type": "string", "enum": names, "default": first}, "A minus is the newest first."),
        }  # fmt: skip
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
            for name, (schema, text) in kinds.items()
        ]


def _size(text: str | None) -> int:
    if text is None:
        return SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise _wrong("limit", _("Give a whole number from 1 to %d.") % MOST)
    return int(text)


def _wrong(name: str, sentence: str) -> Problem:
    errors = [{"field": name, "code": "invalid", "message": sentence}]
    return Problem("bad_request", f"{name}: {sentence}", errors=errors)
