"""Which request, run or draft a line of log belongs to: ids that follow the work through its threads."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,100}\Z")

_ids: ContextVar[dict[str, str]] = ContextVar("ids_of_the_work", default={})  # noqa: B039  (never changed in place)


def ids() -> dict[str, str]:
    """What is known of the present work: `request`, `run`, `draft`."""
    return _ids.get()


@contextmanager
def working_on(**more: object) -> Iterator[None]:
    """Within the block, lines of log carry these ids beside those of the outer blocks."""
    token = _ids.set({**_ids.get(), **{name: str(value) for name, value in more.items()}})
    try:
        yield
    finally:
        _ids.reset(token)


def request_id_of(request: HttpRequest) -> str:
    """The id of a request, made by the middleware or taken from X-Request-ID where that is a plain word."""
    return getattr(request, "request_id", "")


class RequestIdMiddleware:
    """Gives each request an id, in its lines of log and in the answer's X-Request-ID."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        given = request.headers.get(HEADER, "")
        request.request_id = given if _SANE.match(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        if self._async:
            return self._later(request)
        with working_on(request=request_id_of(request)):
            response = self.get_response(request)
        assert isinstance(response, HttpResponseBase)
        response[HEADER] = request_id_of(request)
        return response

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        with working_on(request=request_id_of(request)):
            answer = self.get_response(request)
            assert isinstance(answer, Awaitable)
            response = await answer
        response[HEADER] = request_id_of(request)
        return response


class WithIds(logging.Filter):
    """Puts the ids onto each record, as `ids` for lines and one by one for JSON."""

    def filter(self, record: logging.LogRecord) -> bool:
        known = ids()
        record.ids = "".join(f" {name}={value}" for name, value in known.items())
        for name, value in known.items():
            setattr(record, f"{name}_id", value)
        return True
