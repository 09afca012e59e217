"""What people said against what the AI said, label by label."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

LEVELS = 5  # shades of the heat map
TENTH = Decimal("0.1")


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """`part` of `whole` in percent to one place, None where there is nothing to divide by."""
    return (Decimal(100) * part / whole).quantize(TENTH, ROUND_HALF_UP) if whole else None


@dataclass(frozen=True)
class Score:
    """How the AI does on one label.

    precision: of its answers with this label, the percentage that people agree with. recall: of the tickets that
    people gave this label, the percentage that it found.
    """

    label: str
    name: str
    by_people: int
    by_ai: int
    agreed: int

    @property
    def precision(self) -> Decimal | None:
        return percent(self.agreed, self.by_ai)

    @property
    def recall(self) -> Decimal | None:
        return percent(self.agreed, self.by_people)


@dataclass(frozen=True)
class Cell:
    """`level` 0 to LEVELS: the share of its row, 0 only for no ticket at all."""

    ai_name: str
    count: int
    level: int
    agrees: bool


@dataclass(frozen=True)
class Row:
    name: str
    cells: tuple[Cell, ...]
    total: int


@dataclass(frozen=True)
class Matrix:
    """`counts` by (people's label, AI's label); `names` holds every label shown, in order."""

    names: Mapping[str, str]
    counts: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, names: Mapping[str, str], counted: Iterable[tuple[str, str, int]]) -> Matrix:
        """From (people's label, AI's label, tickets); labels that nobody used are left out."""
        counts: dict[tuple[str, str], int] = {}
        for people, ai, tickets in counted:
            counts[people, ai] = counts.get((people, ai), 0) + tickets
        used = {label for pair in counts for label in pair}
        return cls({label: name for label, name in names.items() if label in used}, counts)

    @cached_property
    def total(self) -> int:
        return sum(self.counts.values())

    @cached_property
    def agreed(self) -> int:
        return sum(count for (people, ai), count in self.counts.items() if people == ai)

    @property
    def agreement(self) -> Decimal | None:
        return percent(self.agreed, self.total)

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        by_people, by_ai = dict.fromkeys(self.names, 0), dict.fromkeys(self.names, 0)
        for (people, ai), count in self.counts.items():
            by_people[people] += count
            by_ai[ai] += count
        return tuple(
            Score(label, name, by_people[label], by_ai[label], self.counts.get((label, label), 0))
            for label, name in self.names.items()
        )

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        totals = {score.label: score.by_people for score in self.scores}
        return tuple(
            Row(name, tuple(self._cell(label, other, totals[label]) for other in self.names), totals[label])
            for label, name in self.names.items()
        )

    def _cell(self, people: str, ai: str, total: int) -> Cell:
        count = self.counts.get((people, ai), 0)
        return Cell(self.names[ai], count, math.ceil(LEVELS * count / total) if count else 0, people == ai)
