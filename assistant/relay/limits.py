"""Token-bucket arithmetic: who may call when. No I/O and no clock; times are epoch seconds."""

from dataclasses import dataclass
from typing import Literal

from .errors import RelayError

Lane = Literal["batch", "interactive"]

WINDOW = 60.0  # seconds over which providers count
_PAUSES = (15.0, 30.0, 60.0)  # seconds, for 429s in a row without a hint
_LEAST_WAIT = 0.001  # seconds; epoch floats are too coarse to move on by a millionth
_CLOCK_STEP = 60.0  # seconds; a bucket from further in the future was written by a clock since set back


@dataclass(frozen=True)
class Limit:
    """At most `capacity` calls at once, `refill_per_second` after that."""

    capacity: int
    refill_per_second: float

    @classmethod
    def for_rpm(cls, rpm: int) -> "Limit":
        """The largest bucket that lets no 60 s window see more than `rpm` calls. Raises ValueError below 1.

        In one window a bucket gives its capacity and 60 s of refill, so the two share `rpm`. Below 12 calls
        a minute there is no burst: one call every 60/rpm s, over 61 s rather than 60, since call number
        rpm + 1 would otherwise be sent just as the first leaves the window, and arrive within it when the
        first was slower on its way.
        """
        if rpm < 1:
            raise ValueError("The rate limit must be at least 1 call a minute.")
        if rpm < 12:
            return cls(1, rpm / (WINDOW + 1))
        capacity = max(1, min(5, rpm // 12))
        return cls(capacity, (rpm - capacity) / WINDOW)


@dataclass(frozen=True)
class Bucket:
    """`tokens` as of `updated`; nobody takes any before `paused_until`."""

    tokens: float
    updated: float
    paused_until: float = 0.0


def take(bucket: Bucket, limit: Limit, now: float, lane: Lane) -> tuple[Bucket, float]:
    """The bucket after taking a token, and 0.0; or the bucket as it was, and the seconds to wait.

    The batch lane leaves one token, which only the interactive lane may take, where there is more than one.
    """
    if now < bucket.paused_until:
        return bucket, bucket.paused_until - now
    needed = 2.0 if lane == "batch" and limit.capacity > 1 else 1.0
    tokens, updated = _refilled(bucket, limit, now)
    if tokens < needed:
        wait = max(updated - now, 0.0) + (needed - tokens) / limit.refill_per_second
        return bucket, max(wait, _LEAST_WAIT)
    return Bucket(tokens - 1.0, updated, bucket.paused_until), 0.0


def pause_seconds(error: RelayError, consecutive: int) -> float:
    """How long a 429 pauses the bucket: the provider's hint, else 15, 30, 60 s for the 1st, 2nd, 3rd in a row."""
    if error.retry_after is not None:
        return error.retry_after
    return _PAUSES[min(max(consecutive, 1), len(_PAUSES)) - 1]


def _refilled(bucket: Bucket, limit: Limit, now: float) -> tuple[float, float]:
    """Tokens at `now`, and the time up to which they are counted.

    That time never runs backwards, or processes with slightly unequal clocks would refill the bucket twice.
    Only a clock that was set back starts anew, lest everybody waits until it has caught up.
    """
    capacity = float(limit.capacity)
    if bucket.updated - now > _CLOCK_STEP:
        return capacity, now
    updated = max(bucket.updated, now)
    return min(capacity, bucket.tokens + (updated - bucket.updated) * limit.refill_per_second), updated
