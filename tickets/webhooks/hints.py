"""Retry-After, as seconds or as a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MOST = timedelta(hours=24)


def retry_after(text: str, now: datetime) -> timedelta:
    """How long the receiver asks to be left alone, MOST at the most; 0 where it says nothing that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), MOST)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return timedelta(0)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), min(moment - now, MOST))
