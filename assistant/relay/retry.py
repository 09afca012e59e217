"""When to ask again. Pure policy: who asks does the waiting, and randomness is passed in."""

import random

from .errors import RelayError

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
