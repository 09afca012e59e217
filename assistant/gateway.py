"""Every call to the relay goes through here: use case -> batch or stream, model, limits, ledger.

Who can wait in a thread uses `complete`, with the pieces of the answer as they come where wanted. Drafts are driven
from an event loop, whose network threads never touch the ORM, so they take the steps themselves: `route_request`,
`reserve`, `client().stream`, then `settle` or `settle_failure`.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, connection

from assistant import ledger, throttle
from assistant.ledger import AIUnavailable, mark_outcome_unknown, may_have_cost, settle, settle_failure
from assistant.models import RelayCall, RelayFormat, TriageRun
from assistant.models.relay_model import ResponseFormat
from assistant.relay.client import RelayClient
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.relay.retry import delay_before_retry
from assistant.relay.types import ChatRequest, Completion, Deadlines, Delta
from assistant.use_cases import Route, route_request, should_stream

__all__ = [
    "AIUnavailable",
    "Answer",
    "Route",
    "client",
    "complete",
    "mark_outcome_unknown",
    "may_have_cost",
    "reserve",
    "route_request",
    "settle",
    "settle_failure",
    "should_stream",
]

WAIT_SLICE = 0.5

OnWait = Callable[[float, str], None]


def client() -> RelayClient:
    """The process's pooled client for the current settings.

    Raises:
        AIUnavailable: invalid_key, with the sentence that names the setting no client can be made from.
    """
    try:
        return _client(
            settings.RELAY_BASE_URL, settings.RELAY_API_KEY, settings.RELAY_PROXY, settings.RELAY_CA_BUNDLE,
            settings.DRAFT_MAX_STREAMS, Deadlines(**settings.RELAY_DEADLINES),
        )  # fmt: skip
    except ValueError as error:
        raise AIUnavailable("invalid_key", str(error)) from None


@lru_cache(maxsize=4)
def _client(base_url: str, key: str, proxy: str, ca_bundle: str, pool_size: int, deadlines: Deadlines) -> RelayClient:
    return RelayClient(
        base_url, key, proxy=proxy or None, ca_bundle=ca_bundle or None, pool_size=pool_size, deadlines=deadlines
    )


def reserve(route: Route, *, kind: str, user: User | None = None, run: TriageRun | None = None) -> RelayCall:
    """Open the ledger row of a call; see ledger.reserve. Raises AIUnavailable."""
    return ledger.reserve(
        kind=kind,
        model=route.model,
        prompt_bytes=prompt_bytes(route),
        max_tokens=route.max_tokens,
        user=user,
        run=run,
    )


def prompt_bytes(route: Route) -> int:
    """Bytes the relay reads, an upper bound of its prompt tokens: texts, a margin for roles and for a schema."""
    return sum(len(message["content"].encode()) + 16 for message in route.messages) + 1024


@dataclass(frozen=True)
class Answer:
    """A batch answer. Its ledger row `call` is still reserved: settle it in the transaction that uses the answer.

    `attempts` are all requests that were sent, of which `booked` are in rows of their own already.
    """

    result: Completion
    call: RelayCall
    attempts: int
    prompt: str
    booked: int = 0

    def settle(self) -> Decimal | None:
        """Settle the row; returns the cost in USD or None."""
        attempts = self.attempts - self.booked
        return settle(self.call, self.result, attempts=attempts, prompt=self.prompt, text=self.result.text)


def complete(
    route: Route,
    *,
    kind: str,
    user: User | None = None,
    run: TriageRun | None = None,
    schema: Mapping[str, Any] | None = None,
    cancel: Cancel | None = None,
    stop: threading.Event | None = None,
    on_wait: OnWait | None = None,
    on_text: Callable[[str], None] | None = None,
    may_repeat: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.time,
    rng: random.Random | None = None,
) -> Answer:
    """Make one call to its end, with rate limit, retries and the strictest response format the relay takes.

    `schema` is the JSON schema the answer should have. `on_wait(seconds, why)` hears of every wait; `stop` ends one.
    With `on_text` the answer is streamed: it hears of every piece, and after the first one nothing is asked again.
    A request whose cost nobody knows (it timed out or broke) keeps its ledger row; the next one reserves another, and
    only leaves when `may_repeat` has room for it too.

    Raises:
        AIUnavailable: refused before anything left.
        RelayError: failed for good; the ledger row is settled and `attempts` says how many requests were sent.
    """
    relay = client()
    pay = partial(reserve, route, kind=kind, user=user, run=run)
    call = pay()
    _settle_unsent()
    level = RelayFormat.level_for(settings.RELAY_BASE_URL, route.model) if schema else ""
    return _BatchCall(
        relay, route, pay, call, run, schema, level, cancel, stop or threading.Event(), on_wait, on_text, may_repeat,
        clock, rng or random.Random(),
    ).run_to_end()  # fmt: skip


# Calls that never left, of which the database could not be told.
_unsent: deque[RelayCall] = deque()


def _settle_unsent() -> None:
    while _unsent:
        call = _unsent.popleft()
        try:
            settle_failure(call, RelayError("cancelled", "The database was gone before it was sent."), attempts=0)
        except (DatabaseError, InterfaceError):
            _unsent.append(call)
            return


@dataclass
class _BatchCall:
    """One batch call in the making: the format it asks in, how many requests it has sent and booked so far."""

    relay: RelayClient
    route: Route
    pay: Callable[[], RelayCall]
    call: RelayCall
    run: TriageRun | None
    schema: Mapping[str, Any] | None
    level: str
    cancel: Cancel | None
    stop: threading.Event
    on_wait: OnWait | None
    on_text: Callable[[str], None] | None
    may_repeat: Callable[[], bool] | None
    clock: Callable[[], float]
    rng: random.Random
    sent: int = 0
    booked: int = 0
    tries: int = 0
    text: str = ""

    def run_to_end(self) -> Answer:
        while True:
            try:
                self._wait_for_token()
                self.sent += 1
                result = self._ask(self.route.request(self._format()))
            except RelayError as error:
                if not (self._may_go_on(error) and self._can_pay_again(error)):
                    error.attempts = self.sent
                    self._book(error)
                    raise
            else:
                with suppress(DatabaseError):  # the limit forgets its refusals at the next answer
                    throttle.answered(self.route.lane)
                return Answer(result, self.call, self.sent, self.route.prompt, self.booked)

    def _ask(self, request: ChatRequest) -> Completion:
        _free_connection()
        if self.on_text is None:
            return self.relay.complete(request, self.cancel)
        for item in self.relay.stream(request, self.cancel):
            if not isinstance(item, Delta):
                return Completion(
                    self.text, item.finish_reason, item.usage, item.model, item.request_id, item.latency_ms,
                    item.simulated, item.ttft_ms,
                )  # fmt: skip
            self.text += item.text
            self.on_text(item.text)
        raise RelayError("truncated", "The answer has no end.", text_shown=bool(self.text))

    def _wait_for_token(self) -> None:
        began = self.clock()
        waited = False
        try:
            while wait := throttle.take(self.route.lane, self.clock(), self.run):
                waited = True
                self._wait(wait, "rate_limit")
        except (DatabaseError, InterfaceError):
            _unsent.append(self.call)  # what was sent on it before was refused, or is booked
            raise
        if waited:
            throttle.waited(self.clock() - began)

    def _wait(self, seconds: float, why: str) -> None:
        """Wait in slices, so that a stop, a resumed pause or another process's news is seen soon."""
        if self.on_wait:
            self.on_wait(seconds, why)
        _free_connection()
        if self.stop.wait(min(seconds, WAIT_SLICE) if why == "rate_limit" else seconds):
            raise RelayError("cancelled", "Stopped while waiting for the relay.", retryable=True)

    def _may_go_on(self, error: RelayError) -> bool:
        if error.unsupported_format and self.schema and self._step_down():
            return True
        self.tries += 1
        delay = delay_before_retry(error, self.tries, self.rng)
        if error.status == 429 and error.retryable:
            throttle.pause_for(error, self.route.lane, self.clock())
            return delay is not None
        if delay is None:
            return False
        try:
            self._wait(delay, "retry")
        except RelayError:
            return False
        return True

    def _step_down(self) -> bool:
        weaker = RelayFormat.step_down(settings.RELAY_BASE_URL, self.route.model, self.level)
        self.level = weaker or self.level
        return weaker is not None

    def _can_pay_again(self, error: RelayError) -> bool:
        if not may_have_cost(error, self.sent):
            return True
        if self.may_repeat is not None and not self.may_repeat():
            return False
        try:
            fresh = self.pay()
        except AIUnavailable:
            return False
        self._book(error)
        self.call = fresh
        return True

    def _book(self, error: RelayError) -> None:
        settle_failure(self.call, error, attempts=self.sent - self.booked, prompt=self.route.prompt, text=self.text)
        self.booked = self.sent

    def _format(self) -> Mapping[str, Any] | None:
        if self.schema and self.level == ResponseFormat.JSON_SCHEMA:
            shape = {"name": "answer", "strict": True, "schema": dict(self.schema)}
            return {"type": "json_schema", "json_schema": shape}
        if self.schema and self.level == ResponseFormat.JSON_OBJECT:
            return {"type": "json_object"}
        return None


def _free_connection() -> None:
    """Give the thread's connection back to its pool for a wait: more threads may wait than there are connections."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
