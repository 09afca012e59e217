"""The rate limit, shared by every process through one row a bucket.

The arithmetic is pure and lives in relay/limits.py; here it meets the database. A token is taken by a conditional
UPDATE on the row's version, so two processes never take the same one. Nobody sleeps here: `take` returns the wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from assistant.models import RateBucket, Tally, TriageRun
from assistant.relay import limits
from assistant.relay.errors import RelayError
from assistant.relay.limits import Bucket, Lane, Limit

TRIES = 20
CONTENDED_WAIT = 0.05

# In SQL, since they run before every call and the ORM takes five times as long to put them together.
_READ = "SELECT id, tokens, updated, paused_until, pauses, version FROM assistant_ratebucket WHERE key = %s"
_STORE = (
    "UPDATE assistant_ratebucket SET tokens = %s, updated = %s, version = version + 1 WHERE id = %s AND version = %s"
)

# Buckets this process has seen in pauses: where there was no 429, an answer is no news and nothing to write down.
_refused_lately: set[str] = set()


class _Row(NamedTuple):
    pk: int
    tokens: float
    updated: float
    paused_until: float
    pauses: int
    version: int


@dataclass(frozen=True)
class _Wanted:
    key: str
    limit: Limit
    lane: Lane


def take(lane: Lane, now: float, run: TriageRun | None = None) -> float:
    """Take one request's token from the relay's bucket, and from the run's own where it has one.

    `now` is epoch seconds. Returns 0.0 when the request may leave, else the seconds until it is worth asking again;
    then nothing was taken from either.
    """
    wanted = [_shared(lane)]
    if run is not None and run.rpm:
        wanted.append(_Wanted(f"run/{run.pk}", Limit.for_rpm(run.rpm), "interactive"))
    for _ in range(TRIES):
        rows = [_row(want, now) for want in wanted]
        answers = [
            limits.take(Bucket(row.tokens, row.updated, row.paused_until), want.limit, now, want.lane)
            for row, want in zip(rows, wanted, strict=True)
        ]
        wait = max(seconds for _, seconds in answers)
        if wait > 0:
            return wait
        if _store(rows, [bucket for bucket, _ in answers]):
            return 0.0
    return CONTENDED_WAIT


def pause_for(error: RelayError, lane: Lane, now: float) -> float:
    """After a 429: hold back everybody who shares the bucket. Returns the seconds which that adds from `now`.

    Calls that were on their way when a pause began are refused too: that is no further 429 in a row, and prolongs the
    pause only by a longer hint.
    """
    row = _row(_shared(lane), now)
    _refused_lately.add(_shared(lane).key)
    bucket = RateBucket.objects.filter(pk=row.pk)
    seconds = limits.pause_seconds(error, row.pauses + 1)
    pause = {"paused_until": now + seconds, "version": F("version") + 1}
    if bucket.filter(paused_until__lte=now).update(pauses=F("pauses") + 1, **pause):
        return seconds
    hinted = error.retry_after is not None and bucket.filter(paused_until__lt=now + seconds).update(**pause)
    return seconds if hinted else 0.0


def answered(lane: Lane) -> None:
    """A request went through: the next 429 without a hint starts at the shortest pause again."""
    key = _shared(lane).key
    if key in _refused_lately:
        _refused_lately.discard(key)
        RateBucket.objects.filter(key=key, pauses__gt=0).update(pauses=0)


def waited(seconds: float) -> None:
    """A call has waited for the limit, `seconds` in all: counted for those who watch."""
    Tally.add(Tally.Name.RATE_LIMIT_WAIT, seconds=seconds)


def _shared(lane: Lane) -> _Wanted:
    if lane == "interactive" and settings.RELAY_STREAM_RPM:
        return _Wanted(f"{settings.RELAY_BASE_URL}|stream", Limit.for_rpm(settings.RELAY_STREAM_RPM), lane)
    # With a bucket of their own for streams nothing needs to be left for them in this one.
    share = "interactive" if settings.RELAY_STREAM_RPM else lane
    return _Wanted(settings.RELAY_BASE_URL, Limit.for_rpm(settings.RELAY_RPM), share)


def _row(want: _Wanted, now: float) -> _Row:
    row = _read(want.key)
    if row is None:
        fresh = {"tokens": want.limit.capacity, "updated": now}
        RateBucket.objects.get_or_create(key=want.key, defaults=fresh)
        row = _read(want.key)
        assert row is not None
    if row.pauses:
        _refused_lately.add(want.key)
    return row


def _read(key: str) -> _Row | None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [key])
        values = cursor.fetchone()
    return _Row(*values) if values else None


def _store(rows: list[_Row], buckets: list[Bucket]) -> bool:
    """Write all or none; False when somebody else wrote in between."""
    if len(rows) == 1:  # one statement is all or nothing by itself
        return _store_one(rows[0], buckets[0])
    with transaction.atomic():
        stored = all(map(_store_one, rows, buckets))
        transaction.set_rollback(not stored)
    return stored


def _store_one(row: _Row, bucket: Bucket) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [bucket.tokens, bucket.updated, row.pk, row.version])
        return cursor.rowcount == 1
