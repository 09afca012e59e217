"""How much one may ask: counters by user, token and address in fixed windows, told in RateLimit headers.

The counters live in the cache: shared by all processes with REDIS_URL, one set a process without. While the cache is
gone nobody is counted and nobody refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from tickets.api.problems import Problem

logger = logging.getLogger(__name__)

clock = time.time


@dataclass(frozen=True)
class Standing:
    """Where a caller stands with one limit. `reset` is in seconds."""

    name: str
    quota: int
    window: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        return max(0, self.quota - self.used)


def count(callers: Iterable[tuple[str, object]], now: float | None = None) -> list[Standing]:
    """Count one request for each (limit's name, caller)."""
    try:
        return [_count(name, caller, clock() if now is None else now) for name, caller in callers]
    except (RedisError, OSError) as error:
        logger.warning("The cache is gone, the API's limits are not kept: %r", error)
        return []


def _count(name: str, caller: object, now: float) -> Standing:
    quota, window = settings.API_LIMITS[name]
    number = int(now // window)
    key = f"api:{name}:{caller}:{number}"
    try:
        used = cache.incr(key)
    except ValueError:  # the first of this window, unless another thread was quicker
        used = 1 if cache.add(key, 1, timeout=window + 1) else cache.incr(key)
    return Standing(name, quota, window, used, max(1, int((number + 1) * window - now) + 1))


def headers(standings: Iterable[Standing]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit as in draft-ietf-httpapi-ratelimit-headers."""
    known = list(standings)
    return {
        "RateLimit-Policy": ", ".join(f'"{limit.name}";q={limit.quota};w={limit.window}' for limit in known),
        "RateLimit": ", ".join(f'"{limit.name}";r={limit.remaining};t={limit.reset}' for limit in known),
    }


def enforce(standings: Iterable[Standing]) -> None:
    """Raise the problem of the limit that is used up for longest."""
    over = [limit for limit in standings if limit.used > limit.quota]
    if over:
        wait = max(limit.reset for limit in over)
        raise Problem(
            "rate_limited",
            _("Too many requests; try again in %(wait)d s.") % {"wait": wait},
            headers={"Retry-After": str(wait)},
        )
