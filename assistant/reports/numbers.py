"""Every number in a text against the figures it may use.

A number is one of the figures when its unit is the figure's and its value is the figure's, rounded half up to the
places that are written: 12.5 % and 13 % are both 12.5 %, 12 % and 10 % are not. What is not nothing is never 0.
Understood are 1234, 1,234, 1 234 (with any space), 12.5 and 12,5; a percent sign or the word; $ and USD; minutes,
hours and days, of which any suits a duration. A written sign must be the figure's. No figures are the year of the
month or the month before where it is written as one (November 2026, 2026-11), “per 1,000”, numbers that lead lines
of a list, and digits inside names.
Anything else is marked: other currencies, 1.2k, 3 million, 1st, ½. Numbers in words are not seen.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from assistant.reports.figures import DAY, HOUR, Figure, Unit

_NUMBER = re.compile(
    r"""
    (?<![\w.,])(?<![^\W\d_][-‑])            # not inside a word, a number or a name such as gpt-4.1
    (?P<sign>[-−+])?
    (?P<currency>(?:US)?\$|USD[ \u00a0]?|[€£¥₹])?
    (?:
      (?P<fraction>[\u00bc-\u00be\u2150-\u215e])
      |(?P<whole>\d{1,3}(?P<group>[,\ \u00a0\u2009\u202f’'])\d{3}(?:(?P=group)\d{3})*(?!\d)|\d+)
       (?:[.,](?P<decimals>\d+))?
    )
    (?P<tail>[^\W\d_]\w*)?
    (?:[ \u00a0\u2009\u202f-]?(?P<unit>%|[^\W\d_]+(?:[ ](?:cent|points?)\b)?))?
    """,
    re.VERBOSE,
)
_LIST_MARKER = re.compile(r"^[ \t]*\d{1,2}[.)](?=\s)", re.MULTILINE)
_PERCENT = frozenset({"%", "percent", "per cent"})
_MONEY = frozenset({"usd", "dollar", "dollars"})
_MINUTES_OF = {
    **dict.fromkeys(("minute", "minutes", "min", "mins"), Decimal(1)),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs"), HOUR),
    **dict.fromkeys(("day", "days"), DAY),
}
_NEVER = frozenset(
    {
        "percentage", "percentage point", "percentage points", "point", "points", "pp", "cent", "cents", "thousand",
        "million", "billion", "k", "m", "bn", "dozen", "times", "x", "fold", "second", "seconds", "week", "weeks",
        "eur", "euro", "euros", "gbp", "pounds", "cny", "yuan",
    }
)  # fmt: skip
_YEAR_BEFORE = re.compile(rf"\b(?:{'|'.join(calendar.month_name[1:])}|in|of|for|since|during|year)\s$", re.IGNORECASE)
_BEFORE = 20  # characters, more than the longest of either
_BASE_BEFORE = re.compile(r"\b(?:per|each)\s$")


@dataclass(frozen=True)
class Piece:
    """Part of a text; `stranger` when it is a number that is not among the figures."""

    text: str
    stranger: bool = False


@dataclass(frozen=True)
class _Written:
    value: Decimal
    places: int
    unit: Unit | None  # None: of a kind that no figure has
    minutes: Decimal  # in one of its unit, for durations
    sign: str


def checked(text: str, figures: Sequence[Figure], month: date) -> list[Piece]:
    """`text` in pieces, the numbers that are not among `figures` apart."""
    exempt = _exempt(text, figures, month)
    years = {month.year, (month - timedelta(1)).year}
    pieces: list[Piece] = []
    end = 0
    for match in _NUMBER.finditer(text):
        start, stop = match.start(), match.end("tail") if match["tail"] else _end_of_digits(match)
        inside = any(first <= match.start() and stop <= last for first, last in exempt)
        if inside or _is_no_figure(match, text, years) or _is_among(match, figures):
            continue
        pieces += [Piece(text[end:start]), Piece(text[start:stop], stranger=True)]
        end = stop
    return [piece for piece in [*pieces, Piece(text[end:])] if piece.text]


def _exempt(text: str, figures: Sequence[Figure], month: date) -> list[tuple[int, int]]:
    """Places that hold digits and no figures: names, the month, the numbers of a list."""
    names = {
        figure.term for figure in figures if re.search(r"\d", figure.term) and re.search(r"[^\W\d_]", figure.term)
    }
    before = month - timedelta(1)
    sought = [*(re.escape(name) for name in sorted(names)), rf"{month:%Y-%m}(?!-?\d)", rf"{before:%Y-%m}(?!-?\d)"]
    found = [
        match.span() for pattern in sought for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
    ]
    return [*found, *(match.span() for match in _LIST_MARKER.finditer(text))]


def _end_of_digits(match: re.Match[str]) -> int:
    if match["unit"] == "%":
        return match.end("unit")
    return max(match.end(name) for name in ("fraction", "whole", "decimals"))


def _is_no_figure(match: re.Match[str], text: str, years: set[int]) -> bool:
    plain = not (match["sign"] or match["currency"] or match["tail"] or match["decimals"] or match["fraction"])
    if not plain:
        return False
    value, before = int(re.sub(r"\D", "", match["whole"])), text[max(match.start() - _BEFORE, 0) : match.start()]
    if value in years and not match["group"]:
        return bool(_YEAR_BEFORE.search(before)) and (match["unit"] or "").lower() not in _PERCENT | {"tickets"}
    return value == 1000 and bool(_BASE_BEFORE.search(before))


def _is_among(match: re.Match[str], figures: Sequence[Figure]) -> bool:
    written = _read(match)
    return written is not None and any(_is(written, figure) for figure in figures)


def _read(match: re.Match[str]) -> _Written | None:
    """The number with its unit; None for one of a kind that no figure has."""
    word, currency = (match["unit"] or "").lower(), (match["currency"] or "").strip()
    if match["fraction"] or (match["tail"] and match["tail"].lower() not in _MINUTES_OF):
        return None
    if word in _NEVER or (currency and not currency.endswith(("$", "USD"))):
        return None
    decimals = match["decimals"] or ""
    value = Decimal(re.sub(r"\D", "", match["whole"]) + (f".{decimals}" if decimals else ""))
    scale = _MINUTES_OF.get((match["tail"] or word).lower(), Decimal(1))
    return _Written(value, len(decimals), _unit(word, currency, match["tail"]), scale, match["sign"] or "")


def _unit(word: str, currency: str, tail: str | None) -> Unit:
    if currency or word in _MONEY:
        return Unit.USD
    if word in _PERCENT:
        return Unit.PERCENT
    return Unit.MINUTES if tail or word in _MINUTES_OF else Unit.COUNT


def _is(written: _Written, figure: Figure) -> bool:
    if figure.value is None or figure.unit != written.unit:
        return False
    if written.sign and (written.sign == "+") != (figure.value > 0):
        return False
    exact = abs(figure.value) / (written.minutes if figure.unit == Unit.MINUTES else 1)
    rounded = exact.quantize(Decimal(1).scaleb(-written.places), ROUND_HALF_UP)
    return written.value == rounded and (rounded != 0 or exact == 0)
