"""Asking until an answer comes, as long as the policy of retries says so."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

from assistant.relay.errors import RelayError
from assistant.relay.retry import delay_before_retry


def until_done(
    call: Callable[[], Any],
    *,
    sleep: Callable[[float], object],
    rng: random.Random,
    on_error: Callable[[RelayError], object] = lambda error: None,
) -> tuple[Any, int]:
    """The result of `call` and how many calls it took; the last error where the policy gives up."""
    for attempt in count(1):
        try:
            return call(), attempt
        except RelayError as error:
            on_error(error)
            delay = delay_before_retry(error, attempt, rng)
            if delay is None:
                raise
        sleep(delay)
    raise AssertionError("unreachable")
