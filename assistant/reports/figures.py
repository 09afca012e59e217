"""The figures of a month, computed by us: what a report may say in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q
from django.utils.translation import gettext as _

from assistant.costs import usage
from assistant.costs.money import usd
from assistant.reports.matrix import percent
from assistant.reports.quality import period_bounds, quality
from tickets.models import Ticket
from tickets.periods import Period

HOUR, DAY = Decimal(60), Decimal(1440)
TENTH = Decimal("0.1")


class Unit(StrEnum):
    COUNT = "count"
    PERCENT = "percent"
    USD = "usd"
    MINUTES = "minutes"


@dataclass(frozen=True)
class Figure:
    """One number with its name. `value` is in `unit`, None when it is not known; `term` is the name in the label that
    may itself hold digits."""

    label: str
    unit: Unit
    value: Decimal | None
    term: str = ""

    @property
    def shown(self) -> str:
        if self.value is None:
            return _("not known")
        if self.unit == Unit.PERCENT:
            return f"{self.value} %"
        if self.unit == Unit.USD:
            return usd(self.value)
        return _duration(self.value) if self.unit == Unit.MINUTES else f"{self.value:,}"

    def kept(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self) | {"unit": self.unit.value, "value": None if self.value is None else str(self.value)}

    @classmethod
    def restored(cls, kept: dict[str, Any]) -> Figure:
        value = kept["value"]
        return cls(kept["label"], Unit(kept["unit"]), None if value is None else Decimal(value), kept["term"])


def _duration(minutes: Decimal) -> str:
    """In the one unit that reads best: minutes below two hours, then hours, from three days on days."""
    if minutes < 2 * HOUR:
        return _("%(n)s minutes") % {"n": minutes.quantize(Decimal(1), ROUND_HALF_UP)}
    if minutes < 3 * DAY:
        return _("%(n)s hours") % {"n": (minutes / HOUR).quantize(TENTH, ROUND_HALF_UP)}
    return _("%(n)s days") % {"n": (minutes / DAY).quantize(TENTH, ROUND_HALF_UP)}


def period_of(month: date) -> Period:
    """All days of the month that begins with `month`."""
    return Period(month, first_of_next(month) - timedelta(1))


def first_of_next(month: date) -> date:
    return (month + timedelta(31)).replace(day=1)


def figures_of(month: date, now: datetime) -> tuple[Figure, ...]:
    """The figures of a month in UTC; where it is not over, those up to now and none of the month before."""
    period, previous = period_of(month), period_of((month - timedelta(1)).replace(day=1))
    is_over = period_bounds(period)[1] <= now
    arrived, solved = _counts(period)
    found = [_count(_("Tickets in"), arrived), _count(_("Tickets solved"), solved)]
    if is_over:
        arrived_before, solved_before = _counts(previous)
        found += [
            _count(_("Tickets in the month before"), arrived_before),
            _count(_("Tickets solved the month before"), solved_before),
            _share(
                _("Change of tickets in against the month before"), percent(arrived - arrived_before, arrived_before)
            ),
            _share(
                _("Change of tickets solved against the month before"), percent(solved - solved_before, solved_before)
            ),
        ]
    found.append(Figure(_("Median time to the first response"), Unit.MINUTES, _median_response(period)))
    return (*found, *_by_category(period, arrived), *_of_the_ai(period))


def _count(label: str, number: int, term: str = "") -> Figure:
    return Figure(label, Unit.COUNT, Decimal(number), term)


def _share(label: str, share: Decimal | None, term: str = "") -> Figure:
    return Figure(label, Unit.PERCENT, share, term)


def _change(now: int, before: int) -> Decimal | None:
    return percent(now - before, before)


def _within(field: str, period: Period) -> Q:
    start, end = period_bounds(period)
    return Q(**{f"{field}__gte": start, f"{field}__lt": end})


def _counts(period: Period) -> tuple[int, int]:
    """Tickets that came in, and tickets that were solved and still are."""
    came, solved = _within("created", period), _within("resolved", period)
    sums = Ticket.objects.filter(came | solved).aggregate(
        came=Count("pk", filter=came), solved=Count("pk", filter=solved)
    )
    return sums["came"], sums["solved"]


def _median_response(period: Period) -> Decimal | None:
    """Minutes from a ticket's arrival to the first reply, of the tickets that came in and were answered."""
    answered = Ticket.objects.filter(_within("created", period), first_response__isnull=False)
    number = answered.count()
    if not number:
        return None
    took = ExpressionWrapper(F("first_response") - F("created"), output_field=DurationField())
    middle = answered.annotate(took=took).order_by("took").values_list("took", flat=True)
    pair = list(middle[(number - 1) // 2 : number // 2 + 1])
    seconds = Decimal(str(sum(pair, timedelta()).total_seconds())) / len(pair)
    return (seconds / 60).quantize(TENTH, ROUND_HALF_UP)


def _by_category(period: Period, arrived: int) -> list[Figure]:
    rows = Ticket.objects.filter(_within("created", period)).order_by().values_list("category__name")
    counted = sorted(rows.annotate(n=Count("pk")), key=lambda row: (-row[1], row[0] or ""))
    found: list[Figure] = []
    for name, number in counted:
        term = name or ""
        of = _("in the category “%(name)s”") % {"name": name} if name else _("without a category")
        found.append(_count(_("Tickets %(of)s") % {"of": of}, number, term))
        found.append(_share(_("Share of tickets %(of)s") % {"of": of}, percent(number, arrived), term))
    return found


def _of_the_ai(period: Period) -> list[Figure]:
    total, spent = quality(period).total, usage.report(period).total
    return [
        _count(_("Tickets classified by the AI"), total.answers),
        _share(_("Override rate: AI categories that a person replaced"), total.override_rate),
        _share(_("Agreement of people with the AI’s category"), total.agreement),
        Figure(_("Cost of all AI work"), Unit.USD, None if spent.unpriced else spent.cost + spent.open),
        Figure(_("Cost of classifying, for each 1,000 tickets"), Unit.USD, total.cost_per_1000),
    ]
