"""Where the marks of a chart go, as strings for SVG attributes (numbers would be written in the reader's locale)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.desk.figures.counting import Day

WIDTH, HEIGHT = 1088, 200
LEFT, TOP, BOTTOM = 48, 16, 24
FLOOR = HEIGHT - BOTTOM
LABELS = 8
WIDEST = 36.0


@dataclass(frozen=True)
class Column:
    """One day: a bar for each of its numbers, and the whole of it as a title."""

    title: str
    label: str
    middle: str
    x: str
    width: str
    bars: tuple[tuple[str, str, str, str, str], ...]  # class, x, y, width, height


@dataclass(frozen=True)
class Chart:
    columns: tuple[Column, ...]
    lines: tuple[tuple[str, str], ...]  # y, what it stands for
    path: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = FLOOR
    left: int = LEFT


def flow(days: Sequence[Day]) -> Chart:
    """What came and what was solved, two bars a day."""
    scale, lines = _axis([max(day.created, day.solved) for day in days])
    columns = []
    for n, day in enumerate(days):
        x, step = _slot(n, len(days))
        width = min(step * 0.38, WIDEST / 2)
        pair = (("mark-came", day.created, x + step / 2 - width), ("mark-solved", day.solved, x + step / 2))
        bars = tuple((kind, _at(at), _at(FLOOR - n * scale), _at(width), _at(n * scale)) for kind, n, at in pair)
        text = _("%(day)s: %(created)s created, %(solved)s solved") % {
            "day": date_format(day.day), "created": intcomma(day.created), "solved": intcomma(day.solved),
        }  # fmt: skip
        columns.append(_column(n, days, text, bars))
    return Chart(tuple(columns), lines)


def backlog(days: Sequence[Day]) -> Chart:
    """What waited at the end of each day, as a line."""
    scale, lines = _axis([day.backlog for day in days])
    columns, points = [], []
    for n, day in enumerate(days):
        x, step = _slot(n, len(days))
        points.append(f"{_at(x + step / 2)},{_at(FLOOR - max(day.backlog, 0) * scale)}")
        text = ngettext("%(day)s: %(n)s ticket waited", "%(day)s: %(n)s tickets waited", day.backlog)
        columns.append(_column(n, days, text % {"day": date_format(day.day), "n": intcomma(day.backlog)}, ()))
    return Chart(tuple(columns), lines, path=" ".join(points))


def _column(n: int, days: Sequence[Day], title: str, bars: tuple[tuple[str, str, str, str, str], ...]) -> Column:
    x, step = _slot(n, len(days))
    every = -(-len(days) // LABELS)
    label = date_format(days[n].day, "j M") if n % every == 0 else ""
    return Column(title, label, _at(x + step / 2), _at(x), _at(step), bars)


def _slot(n: int, number: int) -> tuple[float, float]:
    """Where the nth of so many days begins, and how wide it is."""
    step = (WIDTH - LEFT) / max(number, 1)
    return LEFT + n * step, step


def _axis(values: Sequence[int]) -> tuple[float, tuple[tuple[str, str], ...]]:
    """Pixels for one ticket, and the lines at nothing, half and the top: a plain number above all values."""
    highest = max([*values, 2])
    power = 10 ** max(len(str(highest)) - 2, 0)
    top = next(
        step * power for step in (2, 4, 6, 8, *range(10, 24, 2), *range(24, 104, 4)) if step * power >= highest
    )
    scale = (FLOOR - TOP) / top
    return scale, tuple((_at(FLOOR - mark * scale), str(intcomma(mark))) for mark in (0, top // 2, top))


def _at(position: float) -> str:
    return f"{position:.1f}"
