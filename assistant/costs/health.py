"""How the relay is doing, from what Collie has kept: the ledger and the rate-limit buckets. No call is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assistant.models import RateBucket, RelayCall
from assistant.relay import limits
from assistant.relay.limits import Bucket, Limit

NO_FAULT = ("ok", "cancelled")  # a person who stops a call is no fault of the relay


class Status(TextChoices):
    OFF = "off", _("AI is switched off")
    NO_KEY = "no_key", _("No key is set")
    NEVER_USED = "never_used", _("Never used")
    FINE = "fine", _("Fine")
    FAILING = "failing", _("The last call failed")


@dataclass(frozen=True)
class Health:
    """`last` is the newest call that ended; `failed` the newest that failed; `simulated` as the last answer said."""

    status: Status
    last: RelayCall | None
    failed: RelayCall | None
    simulated: bool


def health() -> Health:
    """In one query: of the calls to this relay the last, the last answered and the last failed one."""
    ended = RelayCall.objects.filter(base_url=settings.RELAY_BASE_URL).exclude(state=RelayCall.State.RESERVED)
    ended = ended.order_by("-created", "-id")
    judged = ended.exclude(outcome="cancelled")
    wanted = (judged, ended.filter(outcome="ok"), ended.exclude(outcome__in=NO_FAULT))
    found = RelayCall.objects.none()
    for rows in wanted:
        found |= RelayCall.objects.filter(pk=rows.values("pk")[:1])
    calls = list(found.order_by("-created", "-id"))
    last = calls[0] if calls else None
    failed = next((call for call in calls if call.outcome not in NO_FAULT), None)
    answered = next((call for call in calls if call.outcome == "ok"), None)
    return Health(_status(last), last, failed, bool(answered and answered.simulated))


def _status(last: RelayCall | None) -> Status:
    if not settings.AI_ENABLED:
        return Status.OFF
    if not settings.RELAY_API_KEY:
        return Status.NO_KEY
    if last is None:
        return Status.NEVER_USED
    return Status.FINE if last.outcome == "ok" else Status.FAILING


def relay_trouble() -> str:
    """A sentence for /readyz, without the provider's words, which may quote a request; empty when all is well.

    AI that is switched off is a choice and no trouble.
    """
    found = health()
    if found.status == Status.NO_KEY:
        return gettext("No relay key is set: put it into RELAY_API_KEY.")
    if found.status == Status.FAILING and found.last is not None:
        return gettext("The last call to the relay failed: %(code)s.") % {"code": found.last.outcome}
    return ""


@dataclass(frozen=True)
class FirstToken:
    """Milliseconds to the first text of streamed answers; p50 and p95 by nearest rank, None without answers."""

    answers: int
    p50: int | None
    p95: int | None


def first_token(now: datetime) -> FirstToken:
    """Of the 24 hours before `now`. The database counts equal times, so that few rows come back of many calls."""
    streamed = RelayCall.objects.filter(
        base_url=settings.RELAY_BASE_URL, created__gt=now - timedelta(days=1), ttft_ms__isnull=False
    )
    counts = list(streamed.order_by("ttft_ms").values_list("ttft_ms").annotate(n=Count("id")))
    answers = sum(n for _ms, n in counts)
    return FirstToken(answers, _percentile(counts, answers, 50), _percentile(counts, answers, 95))


def _percentile(counts: Sequence[tuple[int, int]], total: int, percent: int) -> int | None:
    rank, seen = ceil(total * percent / 100), 0
    for ms, n in counts:
        seen += n
        if seen >= rank:
            return ms
    return None


@dataclass(frozen=True)
class RateState:
    """One shared bucket: calls that may leave now, and the next one's wait in seconds (None: elsewhere)."""

    name: str
    rpm: int
    capacity: int
    ready: int
    paused_until: datetime | None
    pauses: int
    batch_wait: float | None
    interactive_wait: float | None


def rate_states(now: datetime) -> list[RateState]:
    """The relay's bucket, and that of interactive calls where RELAY_STREAM_RPM gives them one of their own."""
    base, at = settings.RELAY_BASE_URL, now.timestamp()
    rows = {row.key: row for row in RateBucket.objects.filter(Q(key=base) | Q(key=f"{base}|stream"))}
    shared = rows.get(base)
    if not settings.RELAY_STREAM_RPM:
        return [_rate_state(_("All calls"), settings.RELAY_RPM, shared, at)]
    own = _rate_state(_("Interactive calls"), settings.RELAY_STREAM_RPM, rows.get(f"{base}|stream"), at)
    batch = _rate_state(_("Batch calls"), settings.RELAY_RPM, shared, at)
    return [replace(batch, batch_wait=batch.interactive_wait, interactive_wait=None), replace(own, batch_wait=None)]


def _rate_state(name: str | Promise, rpm: int, row: RateBucket | None, at: float) -> RateState:
    limit = Limit.for_rpm(rpm)
    bucket = Bucket(row.tokens, row.updated, row.paused_until) if row else Bucket(limit.capacity, at)
    refilled = bucket.tokens + max(at - bucket.updated, 0.0) * limit.refill_per_second
    paused = bucket.paused_until > at
    return RateState(
        name=str(name),
        rpm=rpm,
        capacity=limit.capacity,
        ready=0 if paused else int(min(float(limit.capacity), refilled)),
        paused_until=datetime.fromtimestamp(bucket.paused_until, UTC) if paused else None,
        pauses=row.pauses if row else 0,
        batch_wait=limits.take(bucket, limit, at, "batch")[1],
        interactive_wait=limits.take(bucket, limit, at, "interactive")[1],
    )


def shown_address(url: str) -> str:
    """The address without the user name and password it may hold."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
