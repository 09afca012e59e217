"""Testing the connection: the list of models, and one answer of one token, all within a few seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from assistant import gateway, ledger, throttle
from assistant.models import RelayCall
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError

SECONDS = 10.0
MODELS_KEPT = 500


@dataclass(frozen=True)
class ConnectionTest:
    """What came out, as plain values so that a session can keep it.

    `opening_ms` is the first GET /models, which may have to connect; `round_trip_ms` the second, over the open
    connection. `problems` are sentences with the provider's words; empty when all went well.
    """

    at: str
    model: str
    offered: tuple[str, ...] | None = None
    opening_ms: int | None = None
    round_trip_ms: int | None = None
    answer_ms: int | None = None
    simulated: bool = False
    problems: tuple[str, ...] = ()

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def try_connection(model: str, user: User, now: datetime, seconds: float = SECONDS) -> ConnectionTest:
    """Ask for the models twice and for one token of `model`, in `seconds` at most all together.

    The answer is in the ledger as kind test. It is asked for although the models were refused, as some relays list
    none, and as the ledger should know of a relay that fails; not once the time is up.
    """
    try:
        ledger.check_available()
        relay = gateway.client()
    except gateway.AIUnavailable as error:
        return ConnectionTest(now.isoformat(), model, problems=(error.message,))
    found: dict[str, Any] = {}
    with _deadline(seconds) as cancel:
        try:
            first = relay.models(cancel)
            again = relay.models(cancel)
            found = {
                "offered": again.ids[:MODELS_KEPT], "opening_ms": first.latency_ms, "round_trip_ms": again.latency_ms,
                "simulated": again.simulated,
            }  # fmt: skip
        except RelayError as error:
            found = {"problems": (_("Models: %(error)s") % {"error": _timed_out(error, seconds).message},)}
        if not cancel.cancelled:
            found |= _one_token(model, user, now, cancel, seconds, found.get("problems", ()))
    return ConnectionTest(now.isoformat(), model, **found)


@contextmanager
def _deadline(seconds: float) -> Iterator[Cancel]:
    cancel = Cancel()
    timer = threading.Timer(seconds, cancel.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield cancel
    finally:
        timer.cancel()


def _one_token(
    model: str, user: User, now: datetime, cancel: Cancel, seconds: float, problems: tuple[str, ...]
) -> dict[str, Any]:
    """One request, never tried again: a test shows what the relay says. A wait for the rate limit is told instead."""
    route = gateway.route_request(use_case="report", user_waiting=True, prompt="Say OK.", model=model, max_tokens=1)
    if wait := throttle.take(route.lane, now.timestamp()):
        text = _("No answer was asked for: the rate limit has room again in %(seconds)d s.") % {"seconds": ceil(wait)}
        return {"problems": (*problems, text)}
    try:
        call = gateway.reserve(route, kind=RelayCall.Kind.TEST, user=user)
    except gateway.AIUnavailable as error:
        return {"problems": (*problems, error.message)}
    try:
        result = gateway.client().complete(route.request(), cancel)
    except RelayError as error:
        error = _timed_out(error, seconds)
        if error.status == 429 and error.retryable:
            throttle.pause_for(error, route.lane, now.timestamp())
        gateway.settle_failure(call, error, attempts=1, prompt=route.prompt)
        return {"problems": (*problems, _("Answer: %(error)s") % {"error": error.message})}
    throttle.answered(route.lane)
    gateway.settle(call, result, attempts=1, prompt=route.prompt, text=result.text)
    return {"answer_ms": result.latency_ms, "simulated": result.simulated}


def _timed_out(error: RelayError, seconds: float) -> RelayError:
    """The only one who cancels here is the clock."""
    if error.code != "cancelled":
        return error
    text = _("No answer within %(seconds)d s. Check RELAY_BASE_URL, the network and the relay's own status page.")
    return RelayError("timeout", text % {"seconds": seconds}, retryable=True)
