"""Which numbers of a text are among our figures, by the rules written in numbers.py."""

from datetime import date
from decimal import Decimal

import pytest

from assistant.reports.figures import Figure, Unit
from assistant.reports.numbers import checked

NOVEMBER = date(2026, 11, 1)
FIGURES = [
    Figure("Tickets in", Unit.COUNT, Decimal(1234)),
    Figure("Solved", Unit.COUNT, Decimal(77)),
    Figure("In Office 365", Unit.COUNT, Decimal(5), term="Office 365"),
    Figure("Override rate", Unit.PERCENT, Decimal("12.5")),
    Figure("Change", Unit.PERCENT, Decimal("-8.3")),
    Figure("Cost", Unit.USD, Decimal("3.2")),
    Figure("Tiny cost", Unit.USD, Decimal("0.0043")),
    Figure("Median", Unit.MINUTES, Decimal(150)),
    Figure("None", Unit.COUNT, Decimal(0)),
    Figure("Not known", Unit.PERCENT, None),
]


def strangers(text, figures=FIGURES, month=NOVEMBER):
    pieces = checked(text, figures, month)
    assert "".join(piece.text for piece in pieces) == text
    return [piece.text for piece in pieces if piece.stranger]


@pytest.mark.parametrize(
    "text",
    [
        "1234 tickets", "1,234 tickets.", "1 234 tickets", "1\u00a0234", "1\u202f234", "1’234", "(1,234)",
        "12.5 %", "12.5%", "12,5 %", "12.5 percent", "12.5 per cent", "12.50 %", "13 %", "0 tickets",
        "$3.20", "$3.2", "$3", "3.20 USD", "USD 3.20", "US$3.20", "3.20 dollars", "$0.004", "$0.0043",
        "150 minutes", "150 min", "2.5 hours", "2.5h", "3 hours", "0.1 days", "a 150-minute wait",
        "fell by 8.3 %", "-8.3 %", "−8.3 %", "+12.5 %", "1,234–77",
        "77.", "77 and 77",
    ],
)  # fmt: skip
def test_a_figure_however_it_is_written_is_ours(text):
    assert strangers(text) == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("1235 tickets", ["1235"]), ("12 tickets", ["12"]), ("1.2k tickets", ["1.2k"]), ("1,2345", ["1,2345"]),
        ("12 %", ["12 %"]), ("12.4 %", ["12.4 %"]), ("12.51 %", ["12.51 %"]), ("10 percent", ["10"]),
        ("77 %", ["77 %"]), ("12.5 tickets", ["12.5"]), ("12.5 percentage points", ["12.5"]),
        ("$77", ["$77"]), ("€3.20", ["€3.20"]), ("3.20 euros", ["3.20"]), ("$4", ["$4"]), ("$0.00", ["$0.00"]),
        ("77 minutes", ["77"]), ("150 hours", ["150"]), ("77 days", ["77"]), ("2 hours", ["2"]),
        ("+8.3 %", ["+8.3 %"]), ("-12.5 %", ["-12.5 %"]),
        ("77 million", ["77"]), ("77 times", ["77"]), ("77th", ["77th"]), ("½ of them", ["½"]),
        ("١٢", ["١٢"]), ("0 %", ["0 %"]), ("77/78", ["78"]),
    ],
)  # fmt: skip
def test_a_number_that_is_no_figure_is_marked_as_it_stands(text, marked):
    assert strangers(text) == marked


@pytest.mark.parametrize(
    "text",
    [
        "In November 2026", "since October 2026", "the month 2026-11", "in 2026-10", "$3.20 per 1,000 tickets",
        "1. First\n2. Second", "Office 365 had 5", "written by gpt-4.1 and deepseek-v3.2", "P1 and Q4",
    ],
)  # fmt: skip
def test_dates_names_and_list_markers_are_no_figures(text):
    assert strangers(text) == []


@pytest.mark.parametrize(
    ("text", "marked"),
    [("2026 tickets", ["2026"]), ("in 2024", ["2024"]), ("2026-09", ["2026", "09"]), ("365 tickets", ["365"]),
     ("1,000 tickets", ["1,000"]), ("in 2026 tickets", ["2026"])],
)  # fmt: skip
def test_what_only_looks_like_one_is_marked(text, marked):
    assert strangers(text) == marked


def test_the_year_of_the_month_before_january_is_known():
    assert strangers("December 2025 to January 2026", month=date(2026, 1, 1)) == []


def test_without_figures_every_number_is_a_stranger():
    assert strangers("5 tickets and $3", figures=[]) == ["5", "$3"]
