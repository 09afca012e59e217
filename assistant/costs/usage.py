"""What the ledger adds up to in a period: two set-based queries, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from assistant.costs.money import dollars
from assistant.models import RelayCall, Spending
from assistant.pricing import PLACES
from tickets.periods import Period

PEOPLE_SHOWN = 20


@dataclass(frozen=True)
class Sums:
    """Figures of some calls; money in USD.

    `cost` is what is settled at a known price; `reserved` and `unknown` count at their worst case. The `unpriced`
    calls are in none of the three: what they cost is not known.
    """

    calls: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    unknown: Decimal = Decimal(0)
    unpriced: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def cost_known(self) -> bool:
        return not self.calls or self.unpriced < self.calls

    @property
    def open(self) -> Decimal:
        return self.reserved + self.unknown


Named = tuple[str, Sums]


@dataclass(frozen=True)
class Report:
    """The same calls four times: `days` in order, quiet ones too; the rest dearest first."""

    days: tuple[tuple[date, Sums], ...]
    models: tuple[Named, ...]
    kinds: tuple[Named, ...]
    people: tuple[Named, ...]
    total: Sums


def report(period: Period) -> Report:
    calls = _calls(period)
    rows = _grouped(calls.annotate(day=TruncDate("created", tzinfo=UTC)), "day", "model", "kind")
    by_day = _rolled_up(rows, lambda row: row["day"])
    of_persons = _grouped(calls, "user__username")
    by_person = _rolled_up(of_persons, lambda row: row["user__username"] or _("Background work"))
    kinds = dict(RelayCall.Kind.choices)
    return Report(
        days=tuple((day, by_day.get(day, Sums())) for day in period.days),
        models=_dearest_first(_rolled_up(rows, lambda row: row["model"])),
        kinds=_dearest_first(_rolled_up(rows, lambda row: str(kinds.get(row["kind"], row["kind"])))),
        people=_dearest_first(by_person),
        total=reduce(add, by_day.values(), Sums()),
    )


def _calls(period: Period) -> QuerySet[RelayCall]:
    start, end = period.bounds(UTC)
    return RelayCall.objects.filter(created__gte=start, created__lt=end)


def _grouped(calls: QuerySet[RelayCall], *by: str) -> list[dict[str, Any]]:
    of_state = RelayCall.State
    return list(
        calls.order_by()
        .values(*by)
        .annotate(
            n=Count("id"),
            sent=Sum("attempts"),
            prompt=Sum("prompt_tokens"),
            cached=Sum("cached_tokens"),
            completion=Sum("completion_tokens"),
            settled_cost=Sum("cost"),
            held=Sum("reserved_cost", filter=Q(state=of_state.RESERVED)),
            lost=Sum("reserved_cost", filter=Q(state=of_state.UNKNOWN)),
            without_price=Count("id", filter=Q(price=None)),
        )
    )


def _rolled_up(rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]) -> dict[Any, Sums]:
    groups: dict[Any, Sums] = {}
    for row in rows:
        groups[key(row)] = groups.get(key(row), Sums()) + _sums(row)
    return groups


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums(
        row["n"], row["sent"], row["prompt"], row["cached"], row["completion"],
        _money(row["settled_cost"]), _money(row["held"]), _money(row["lost"]), row["without_price"],
    )  # fmt: skip


def _money(amount: Decimal | None) -> Decimal:
    """To the ledger's ten places: SQLite adds decimals up as floats, exact to 15 digits."""
    return (amount or Decimal(0)).quantize(PLACES)


def _dearest_first(groups: Mapping[str, Sums]) -> tuple[Named, ...]:
    return tuple(sorted(groups.items(), key=lambda item: (-item[1].cost, -item[1].calls, item[0])))


@dataclass(frozen=True)
class Budget:
    """What counts against a budget (settled, reserved and unknown) and its limit in USD, None without one."""

    name: str
    spent: Decimal
    limit: Decimal | None

    @property
    def shown(self) -> str:
        return dollars(self.spent)

    @property
    def shown_limit(self) -> str:
        return dollars(self.limit or Decimal(0))

    @property
    def used_up(self) -> bool:
        return self.limit is not None and self.spent >= self.limit

    @property
    def percent(self) -> int:
        return int(min(self.spent / self.limit, Decimal(1)) * 100) if self.limit else 100


def budgets(now: datetime) -> tuple[Budget, list[Budget]]:
    """This month's budget, and today's of the people who have spent most; from the rows that reservations check."""
    month, today = Spending.month(now), Spending.day(now, 0).removesuffix("0")
    rows = Spending.objects.filter(Q(period=month) | Q(period__startswith=today)).order_by("-amount", "period")
    spent = dict(rows.values_list("period", "amount")[: PEOPLE_SHOWN + 1])
    monthly = Budget(month, spent.pop(month, Decimal(0)), settings.MONTHLY_BUDGET_USD)
    ids = {int(period.removeprefix(today)): amount for period, amount in spent.items()}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))
    daily = settings.USER_DAILY_BUDGET_USD
    return monthly, [Budget(names.get(pk, _("Deleted account")), amount, daily) for pk, amount in ids.items()]
