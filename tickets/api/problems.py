"""Errors as RFC 9457 problems: one body, one table of codes."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from tickets.tracing import request_id_of
from tickets.unreached import is_unreached

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 10  # seconds
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# code: (status, title). Codes are stable; titles are for people.
CODES: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be used as it is"),
    "not_authenticated": (401, "Credentials are missing"),
    "invalid_token": (401, "The credentials are not valid"),
    "insufficient_scope": (403, "The token lacks a scope"),
    "forbidden": (403, "Not allowed"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "Not a method of this address"),
    "already_exists": (409, "It exists already"),
    "idempotency_conflict": (409, "The key was used for another request"),
    "in_progress": (409, "The same request is being answered"),
    "conflict": (409, "Not possible in its present state"),
    "version_conflict": (412, "The ticket has changed"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "The content type is not understood"),
    "rate_limited": (429, "Too many requests"),
    "server_error": (500, "Collie failed"),
    "unavailable": (503, "Out of service for a moment"),
    # what the AI's calls end with
    "busy": (503, "Too much is running at once"),
    "ai_disabled": (503, "AI is switched off"),
    "budget_reached": (402, "A budget is used up"),
    "invalid_key": (502, "The relay does not accept the key"),
    "unknown_model": (400, "The relay does not know the model"),
    "timeout": (504, "The relay did not answer in time"),
    "interrupted": (502, "The relay's answer was cut off"),
    "truncated": (502, "The relay's answer has no end"),
    "blocked": (502, "The provider blocked the answer"),
    "relay_error": (502, "The relay failed"),
}


class Problem(exceptions.APIException):
    """An answer that is an error. `detail` is a sentence which says what to do; `more` are further members.

    `status` is that of the code unless said; `headers` go with the answer.
    """

    def __init__(
        self, code: str, detail: str, *, status: int = 0, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.said = detail
        self.status = status or CODES[code][0]
        self.headers = {"WWW-Authenticate": "Token", **(headers or {})} if self.status == 401 else headers or {}
        self.more = more

    def body(self, request_id: str) -> dict[str, Any]:
        return {
            "type": f"urn:collie:problem:{self.code}",
            "title": CODES[self.code][1],
            "status": self.status,
            "detail": self.said,
            "code": self.code,
            "request_id": request_id,
            **self.more,
        }


_told: list[tuple[type[Exception], Callable[[Any], Problem]]] = []


def tells(kind: type[Exception], as_problem: Callable[[Any], Problem]) -> None:
    """Exceptions of `kind` are answered as the problem that `as_problem` makes of them."""
    _told.append((kind, as_problem))


def answer_for(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: whatever was raised as a problem; what nobody foresaw is logged and says little."""
    request = context["request"]._request
    problem = problem_of(exc)
    if problem is None:
        logger.exception("the API failed", exc_info=exc)
        got_request_exception.send(sender=None, request=request)
        problem = of_failure(exc)
    body = problem.body(request_id_of(request))
    return Response(body, problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def of_failure(exc: BaseException | None) -> Problem:
    """Of what nobody foresaw: 503 where the request may be sent again, 500 for a defect of ours."""
    if _is_passing(exc):
        words = _(
            "The database does not answer or a disk is full. Send it again soon, with the same Idempotency-Key."
        )
        return Problem("unavailable", words, headers={"Retry-After": str(RETRY_AFTER)})
    return Problem("server_error", _("Something went wrong here; the request id says where to look."))


def _is_passing(exc: BaseException | None) -> bool:
    """Whether it is the database's or the disk's trouble."""
    return is_unreached(exc) or (isinstance(exc, OSError) and exc.errno in NO_ROOM)


def problem_of(exc: Exception) -> Problem | None:
    """The problem that `exc` is, None when it is a fault of ours."""
    if isinstance(exc, Problem):
        return exc
    for kind, as_problem in _told:
        if isinstance(exc, kind):
            return as_problem(exc)
    if isinstance(exc, Http404):
        return Problem("not_found", _("There is nothing here that you may see."))
    if isinstance(exc, PermissionDenied):
        return Problem("forbidden", str(exc) or _("You may not do this."))
    return _of_framework(exc) if isinstance(exc, exceptions.APIException) else None


def _of_framework(exc: exceptions.APIException) -> Problem:
    if isinstance(exc, exceptions.ValidationError):
        errors = list(flat_errors(exc.detail))
        told = "; ".join(f"{error['field']}: {error['message']}" if error["field"] else error["message"]
                         for error in errors[:3])  # fmt: skip
        return Problem("bad_request", told, errors=errors)
    kinds: dict[type[exceptions.APIException], str] = {
        exceptions.NotAuthenticated: "not_authenticated",
        exceptions.AuthenticationFailed: "invalid_token",
        exceptions.PermissionDenied: "forbidden",
        exceptions.NotFound: "not_found",
        exceptions.MethodNotAllowed: "method_not_allowed",
        exceptions.UnsupportedMediaType: "unsupported_media_type",
    }
    code = next((code for kind, code in kinds.items() if isinstance(exc, kind)), "bad_request")
    return Problem(code, str(exc.detail))


def flat_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested errors as a list of field (a dotted path), code and message."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from flat_errors(inner, f"{path}.{own}".strip("."))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from flat_errors(inner, f"{path}.{number}".strip(".") if nested else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "") or "invalid", "message": str(detail)}
