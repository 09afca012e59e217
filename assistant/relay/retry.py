"""When to ask again. Pure policy: sleep and randomness are passed in."""

import random
from collections.abc import Callable
from typing import TypeVar

from .errors import RelayError

T = TypeVar("T")

MAX_CALLS = 4
LONGEST_HINT = 120.0  # seconds; a longer wait is for the caller to show, not to sit through


def delay_before_retry(error: RelayError, attempt: int, rng: random.Random) -> float | None:
    """Seconds to wait before calling again after call number `attempt` (from 1) failed; None: do not.

    The provider's hint where there is one, else 1, 2, 4 s with up to a quarter of jitter on top.
    """
    if not error.retryable or error.text_shown or attempt >= MAX_CALLS:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_HINT else None
    return 2.0 ** (attempt - 1) * rng.uniform(1.0, 1.25)


def call_with_retries(
    call: Callable[[], T],
    *,
    sleep: Callable[[float], object],
    rng: random.Random,
    before_attempt: Callable[[int], None] | None = None,
    on_error: Callable[[RelayError, int], None] | None = None,
) -> tuple[T, int]:
    """The result of `call` and how many calls it took. Raises the last RelayError.

    `before_attempt(n)` runs before each call (to wait for the rate limit) and `on_error(error, n)` after each
    that failed, the last included; either may raise to stop. Give `Cancel.wait` as `sleep` to wake on cancel.
    """
    attempt = 1
    while True:
        if before_attempt is not None:
            before_attempt(attempt)
        try:
            return call(), attempt
        except RelayError as error:
            if on_error is not None:
                on_error(error, attempt)
            delay = delay_before_retry(error, attempt, rng)
            if delay is None:
                raise
        sleep(delay)
        attempt += 1
