"""Where the marks of a chart go, as strings for SVG attributes (numbers would be written in the reader's locale)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assistant.costs.money import dollars, usd
from assistant.costs.usage import Named, Sums

WIDTH, HEIGHT = 760, 220
LEFT, TOP, BOTTOM = 64, 18, 24
LABELS = 8
BARS, BAR_HEIGHT, BAR_LEFT, BAR_RIGHT = 12, 26, 190, 150
NAME_CHARS = 26


@dataclass(frozen=True)
class Mark:
    """One column or bar: settled cost, and what is still open (reserved or unknown) behind it."""

    title: str
    label: str
    value: str
    x: str
    y: str
    width: str
    height: str
    open_x: str
    open_y: str
    open_width: str
    open_height: str
    end: str = ""
    unpriced: bool = False


@dataclass(frozen=True)
class Line:
    y: str
    label: str


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...] = ()
    left_out: int = 0


def columns(days: Sequence[tuple[date, Sums]]) -> Chart:
    """Cost by day, one column a day."""
    top = _round_up(max((sums.cost + sums.open for _day, sums in days), default=Decimal(0)))
    floor = HEIGHT - BOTTOM
    scale = (floor - TOP) / float(top)
    step = (WIDTH - LEFT) / max(len(days), 1)
    every = -(-len(days) // LABELS)
    marks = []
    for n, (day, sums) in enumerate(days):
        settled, still_open = float(sums.cost) * scale, float(sums.open) * scale
        x, width = LEFT + n * step + step * 0.12, min(step * 0.76, 40)
        y = floor - settled
        marks.append(
            Mark(
                title=_described(date_format(day), sums), value="",
                label=date_format(day, "j M") if n % every == 0 else "",
                x=_at(x), y=_at(y), width=_at(width), height=_at(settled), open_x=_at(x), open_y=_at(y - still_open),
                open_width=_at(width), open_height=_at(still_open), unpriced=bool(sums.unpriced),
            )
        )  # fmt: skip
    lines = tuple(Line(_at(floor - float(top * part) * scale), dollars(top * part)) for part in _PARTS)
    return Chart(WIDTH, HEIGHT, tuple(marks), lines)


def bars(rows: Sequence[Named]) -> Chart:
    """Cost by name, one bar a name, the first dozen of them."""
    shown = rows[:BARS]
    top = max((sums.cost + sums.open for _name, sums in shown), default=Decimal(0)) or Decimal(1)
    scale = (WIDTH - BAR_LEFT - BAR_RIGHT) / float(top)
    marks = []
    for n, (name, sums) in enumerate(shown):
        settled, still_open = float(sums.cost) * scale, float(sums.open) * scale
        short = name if len(name) <= NAME_CHARS else name[: NAME_CHARS - 1] + "…"
        y = n * BAR_HEIGHT + 5
        marks.append(
            Mark(
                title=_described(name, sums), label=short, value=cost_text(sums), x=_at(BAR_LEFT), y=_at(y),
                width=_at(settled), height=_at(BAR_HEIGHT - 10), open_x=_at(BAR_LEFT + settled), open_y=_at(y),
                open_width=_at(still_open), open_height=_at(BAR_HEIGHT - 10),
                end=_at(BAR_LEFT + settled + still_open + 6),
            )
        )  # fmt: skip
    return Chart(WIDTH, max(len(shown), 1) * BAR_HEIGHT, tuple(marks), left_out=len(rows) - len(shown))


def cost_text(sums: Sums, say: Callable[[Decimal], str] = dollars) -> str:
    """Settled cost; calls without a known price show as unknown, never as nothing."""
    if not sums.cost_known:
        return _("unknown")
    return _("%(cost)s + unknown") % {"cost": say(sums.cost)} if sums.unpriced else say(sums.cost)


_PARTS = (Decimal(0), Decimal("0.5"), Decimal(1))


def _described(name: str, sums: Sums) -> str:
    calls = ngettext("%(n)d call", "%(n)d calls", sums.calls) % {"n": sums.calls}
    text = f"{name}: {cost_text(sums, usd)}, {calls}"
    return f"{text}, {_('open')} {usd(sums.open)}" if sums.open else text


def _round_up(amount: Decimal) -> Decimal:
    """The next 1, 2 or 5 times a power of ten, so that the axis has plain numbers."""
    if amount <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(amount.adjusted())
    digit = (amount / power).to_integral_value(ROUND_CEILING)
    return power * next(step for step in (1, 2, 5, 10) if step >= digit)


def _at(position: float) -> str:
    return f"{position:.1f}"
