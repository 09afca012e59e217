"""A prompt of a program's own, answered by the relay within Collie's limits, ledger and budgets."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.utils.translation import gettext as _

from assistant import gateway
from assistant.drafts.streams import hub
from assistant.gateway import AIUnavailable, Route
from assistant.models import RelayCall
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError

logger = logging.getLogger(__name__)

LONGEST_WAIT = 120.0  # seconds for the rate limit, all waits of a call together
UNREAD_LIMIT = 256 * 1024  # characters nobody has fetched
UNHEARD = 5.0  # seconds after the first piece in which whoever asked has to begin reading


@dataclass(frozen=True)
class Settled:
    """An answer that is in the books: `call` is its row, read again."""

    text: str
    finish_reason: str
    call: RelayCall


Outcome = Settled | Exception

_lock = threading.Lock()
_under_way = 0


@contextmanager
def _seat() -> Iterator[None]:
    """One of the calls that this process may have open at once, drafts among them. Raises AIUnavailable: busy."""
    _take_seat()
    try:
        yield
    finally:
        _leave_seat()


def _take_seat() -> None:
    global _under_way
    with _lock:
        if _under_way + hub.count() >= settings.DRAFT_MAX_STREAMS:
            text = _("As many answers as this server allows are being written. Try again soon.")
            raise AIUnavailable("busy", text)
        _under_way += 1


def _leave_seat() -> None:
    global _under_way
    with _lock:
        _under_way -= 1


def answer(route: Route, user: User) -> Settled:
    """The whole answer. Raises AIUnavailable and RelayError."""
    with _seat():
        return _settled(route, user)


def _settled(
    route: Route, user: User, cancel: Cancel | None = None, on_text: Callable[[str], None] | None = None
) -> Settled:
    found = gateway.complete(
        route, kind=RelayCall.Kind.ASSIST, user=user, cancel=cancel, on_text=on_text, on_wait=_patience()
    )
    found.settle()
    found.call.refresh_from_db()
    return Settled(found.result.text, found.result.finish_reason, found.call)


def _patience() -> Callable[[float, str], None]:
    end = time.monotonic() + LONGEST_WAIT

    def on_wait(seconds: float, why: str) -> None:
        if time.monotonic() + seconds > end:
            text = _("The relay takes no more requests for %(seconds)d s. Try again then.")
            words = text % {"seconds": math.ceil(seconds)}
            raise RelayError("rate_limited", words, retry_after=seconds, request_sent=False)

    return on_wait


class Stream:
    """An answer in pieces, fetched by a thread of its own and read on the event loop.

    Raises AIUnavailable (busy) when there is no room for another.
    """

    def __init__(self, route: Route, user: User) -> None:
        self._cancel = Cancel()
        self._pieces: deque[str] = deque()
        self._unread = 0
        self._outcome: Outcome | None = None
        self._lock = threading.Lock()
        self._something = threading.Event()
        self._first_at = 0.0
        self._reader: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        _take_seat()
        threading.Thread(target=self._fetch, args=(route, user), name="assist", daemon=True).start()

    def wait_for_first(self) -> None:
        """Until there is text, or all is over; raises what the call failed with before any text."""
        self._something.wait()
        if isinstance(self._outcome, Exception) and not self._first_at:
            raise self._outcome

    async def pieces(self) -> AsyncIterator[str | Outcome]:
        """Text as it comes, and at last the outcome. Whoever stops reading ends the call."""
        arrived = asyncio.Event()
        with self._lock:
            self._reader = (asyncio.get_running_loop(), arrived)
        arrived.set()
        try:
            while True:
                await arrived.wait()
                arrived.clear()
                with self._lock:
                    text, outcome = "".join(self._pieces), self._outcome
                    self._pieces.clear()
                    self._unread = 0
                if text:
                    yield text
                if outcome is not None:
                    yield outcome
                    return
        finally:
            self._cancel.cancel()

    def _fetch(self, route: Route, user: User) -> None:
        outcome: Outcome
        try:
            outcome = _settled(route, user, self._cancel, self._put)
        except (RelayError, AIUnavailable) as error:
            outcome = error
        except Exception as error:
            logger.exception("An answer could not be fetched.")
            outcome = error
        finally:
            _leave_seat()
            connections.close_all()
        with self._lock:
            self._outcome = outcome
        self._tell()

    def _put(self, text: str) -> None:
        now = time.monotonic()
        self._first_at = self._first_at or now
        with self._lock:
            self._pieces.append(text)
            self._unread += len(text)
            unheard = self._reader is None and now - self._first_at > UNHEARD
        if unheard or self._unread > UNREAD_LIMIT:
            self._cancel.cancel()
        self._tell()

    def _tell(self) -> None:
        self._something.set()
        with self._lock:
            reader = self._reader
        if reader is not None:
            loop, arrived = reader
            try:
                loop.call_soon_threadsafe(arrived.set)
            except RuntimeError:  # the loop has ended, and with it whoever read
                self._cancel.cancel()
