"""How well the AI labels, measured by what people said: set-based, three queries whatever the size.

The unit is an answer: the AI classification of one ticket in one run, applied or not. It is compared when a person
has set the ticket's category, before or since. Trials are counted nowhere: their answers are kept apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from assistant.models import RelayCall, TriageItem
from assistant.pricing import PLACES
from assistant.reports.compared import compared
from assistant.reports.matrix import Matrix, percent
from tickets.models import Classification
from tickets.models.choices import SetBy
from tickets.periods import Period


@dataclass(frozen=True)
class Tally:
    """Counts of some answers. `cost` in USD is what their requests cost, with the worst case of those whose outcome
    is not known; the `unpriced` requests are not in it."""

    answers: int = 0
    compared: int = 0
    agreed: int = 0
    applied: int = 0
    overridden: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @property
    def agreement(self) -> Decimal | None:
        return percent(self.agreed, self.compared)

    @property
    def override_rate(self) -> Decimal | None:
        return percent(self.overridden, self.applied)

    @property
    def cost_per_1000(self) -> Decimal | None:
        """USD for 1,000 answers; None when there is none, or when a request had no known price."""
        return None if self.unpriced or not self.answers else (self.cost * 1000 / self.answers).quantize(PLACES)


Group = tuple[date, str, str]  # week (its Monday), model, prompt version


@dataclass(frozen=True)
class Quality:
    """`versions` are of all answers of the period; the rest is of the model and prompt version asked for."""

    total: Tally
    categories: Matrix
    priorities: Matrix
    versions: tuple[tuple[tuple[str, str], Tally], ...]
    weeks: tuple[tuple[date, Tally], ...]


def quality(period: Period, *, model: str = "", version: str = "") -> Quality:
    """The report on the answers of a period, where given of one model and one prompt version only."""
    groups = _tallies(period)
    chosen = {
        group: tally for group, tally in groups.items() if group[1] == (model or group[1])
        and group[2] == (version or group[2])
    }  # fmt: skip
    answers = _answers(period)
    if model:
        answers = answers.filter(model=model)
    if version:
        answers = answers.filter(prompt_version=version)
    categories, priorities = compared(answers, "ticket")
    return Quality(
        total=reduce(add, chosen.values(), Tally()),
        categories=categories,
        priorities=priorities,
        versions=tuple(sorted(_rolled_up(groups, lambda group: group[1:]).items())),
        weeks=tuple(sorted(_rolled_up(chosen, lambda group: group[0]).items())),
    )


def period_bounds(period: Period) -> tuple[datetime, datetime]:
    """The first moment of a period and the first one after it, in UTC."""
    return period.bounds(UTC)


def _answers(period: Period) -> QuerySet[Classification]:
    start, end = period_bounds(period)
    made = Classification.objects.filter(source=SetBy.RELAY, created__gte=start, created__lt=end)
    # The answers to a sample are stored again when they are applied: one a ticket and run counts.
    given = TriageItem.objects.filter(classification=OuterRef("pk"))
    return made.filter(Exists(given), category__isnull=False).order_by()


_BY_PERSON = Q(ticket__category_by=SetBy.PERSON, ticket__category__isnull=False)


def _tallies(period: Period) -> dict[Group, Tally]:
    groups = dict(_counted(period))
    for key, cost in _costs(period):
        groups[key] = groups.get(key, Tally()) + cost
    return groups


def _counted(period: Period) -> list[tuple[Group, Tally]]:
    """An applied answer counts as such while it is the latest applied to its ticket, and its run was not undone."""
    same = Classification.objects.filter(ticket=OuterRef("ticket"), source=SetBy.RELAY, category_applied=True)
    undone = TriageItem.objects.filter(classification=OuterRef("pk"), state=TriageItem.State.UNDONE)
    stands = Q(category_applied=True) & ~Q(Exists(same.filter(pk__gt=OuterRef("pk")))) & ~Q(Exists(undone))
    agrees = _BY_PERSON & Q(category=F("ticket__category"))
    rows: Iterable[Any] = (
        _answers(period)
        .annotate(week=TruncWeek("created", tzinfo=UTC))
        .values("week", "model", "prompt_version")
        .annotate(
            answers=Count("pk"),
            compared=Count("pk", filter=_BY_PERSON),
            agreed=Count("pk", filter=agrees),
            in_force=Count("pk", filter=stands),
            overridden=Count("pk", filter=stands & _BY_PERSON & ~Q(category=F("ticket__category"))),
        )
    )
    return [
        (
            (row["week"].date(), row["model"], row["prompt_version"]),
            Tally(row["answers"], row["compared"], row["agreed"], row["in_force"], row["overridden"]),
        )
        for row in rows
    ]


def _costs(period: Period) -> list[tuple[Group, Tally]]:
    """Of the requests that triage made, by the version of their run; none where the run was deleted."""
    start, end = period_bounds(period)
    rows: Iterable[Any] = (
        RelayCall.objects.filter(kind=RelayCall.Kind.TRIAGE, created__gte=start, created__lt=end)
        .filter(Q(run__isnull=True) | Q(run__trial=False))
        .order_by()
        .annotate(week=TruncWeek("created", tzinfo=UTC))
        .values("week", "model", "run__prompt_version")
        .annotate(
            settled=Sum("cost"),
            held=Sum("reserved_cost", filter=~Q(state=RelayCall.State.SETTLED)),
            unpriced=Count("pk", filter=Q(price=None)),
        )
    )
    return [
        (
            (row["week"].date(), row["model"], row["run__prompt_version"] or ""),
            Tally(
                cost=((row["settled"] or Decimal(0)) + (row["held"] or Decimal(0))).quantize(PLACES),
                unpriced=row["unpriced"],
            ),
        )
        for row in rows
    ]


def _rolled_up(groups: dict[Group, Tally], key: Callable[[Group], Any]) -> dict[Any, Tally]:
    found: dict[Any, Tally] = {}
    for group, tally in groups.items():
        found[key(group)] = found.get(key(group), Tally()) + tally
    return found
