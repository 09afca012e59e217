"""Moments in the forms that exports use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.importing.errors import RowError

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_CLOCK = (
    r"(?:[T,]?\s*(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_WRITTEN = (
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})" + _CLOCK, re.ASCII),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})" + _CLOCK, re.ASCII),
    re.compile(r"(?P<year>\d{4})[/.-](?P<month>\d{1,2})[/.-](?P<day>\d{1,2})" + _CLOCK, re.ASCII),
)
_NUMBER = re.compile(r"\d+(?:\.\d*)?", re.ASCII)


def parse_moment(text: str) -> datetime:
    """A moment, aware, in UTC; without a zone it is in TIME_ZONE.

    Read are ISO 8601 (also with a space, `UTC`, or only a date), `YYYY/MM/DD`, `DD.MM.YYYY`, `MM/DD/YYYY` (each with
    an optional time, which may say AM or PM), RFC 2822, `YYYYMMDD`, and seconds or milliseconds since 1970. With
    slashes and the year last the month always comes first: 13/02/2024 is refused rather than guessed at, since
    in the same file 03/02/2024 would silently become the 2nd of March.

    Raises:
        RowError: it is none of these, or lies outside 1970 to 2099.
    """
    text = text.strip()
    try:
        moment = _number(text) or _iso(text) or _written(text) or parsedate_to_datetime(text)
        if timezone.is_naive(moment):
            moment = timezone.make_aware(moment)
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, OSError) as error:
        raise RowError(_not_a_date(text)) from error
    if not _EARLIEST <= moment < _LATEST:
        raise RowError(_("The date “%(text)s” is not between 1970 and 2099.") % {"text": text[:40]})
    return moment


def _number(text: str) -> datetime | None:
    """Seconds (up to 10 digits) or milliseconds (12, 13) since 1970, or a day as 8 digits."""
    if not _NUMBER.fullmatch(text):
        return None
    whole = len(text.split(".")[0])
    if whole == 8 and "." not in text:
        return datetime(int(text[:4]), int(text[4:6]), int(text[6:]))  # noqa: DTZ001  (the caller adds the zone)
    if whole not in {9, 10, 12, 13}:
        raise ValueError(text)
    return datetime.fromtimestamp(float(text) / (1000 if whole >= 12 else 1), UTC)


def _iso(text: str) -> datetime | None:
    zoned = re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", text)
    zoned = re.sub(r"(?<=\d)\s+(?=[+-]\d\d:?\d\d$)", "", zoned)
    if not re.match(r"\d{4}-?\d\d-?\d\d(?:[T ]|$)", zoned, re.ASCII):
        return None  # fromisoformat takes any sign between day and hour, and weeks
    try:
        return datetime.fromisoformat(zoned)
    except ValueError:
        return None


def _written(text: str) -> datetime | None:
    match = next(filter(None, (pattern.fullmatch(text) for pattern in _WRITTEN)), None)
    if match is None:
        return None
    part = {name: int(value or 0) for name, value in match.groupdict().items() if name != "half"}
    if match["half"]:
        if not 1 <= part["hour"] <= 12:
            raise ValueError(text)
        part["hour"] = part["hour"] % 12 + (12 if match["half"][0] in "pP" else 0)
    return datetime(**part)  # type: ignore[arg-type]  # noqa: DTZ001  (the caller adds the zone)


def _not_a_date(text: str) -> str:
    return _("“%(text)s” is not a date; write it like 2024-12-31 23:59 (with slashes the month comes first).") % {
        "text": text[:40]
    }
