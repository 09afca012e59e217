"""What response headers say about when, and whether, to ask again."""

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, or None without a usable hint. `now` is epoch seconds, for dates.

    Reads retry-after-ms (OpenAI, Azure), Retry-After (RFC 9110, 10.2.3: seconds or a date) and
    llm_provider-retry-after (LiteLLM's proxy), in this order.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    for name in ("retry-after", "llm_provider-retry-after"):
        value = headers.get(name, "").strip()
        seconds = _number(value)
        if seconds is None:
            seconds = _seconds_until(value, now)
        if seconds is not None:
            return seconds
    return None


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """x-should-retry (OpenAI, Anthropic): the server's own word, or None."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _seconds_until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, IndexError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
