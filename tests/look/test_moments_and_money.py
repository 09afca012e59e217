"""A moment and an amount look the same on every page: there is one helper for each, and nobody goes round it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from assistant.costs.money import cny, dollars, exact_usd, usd

ROOT = Path(__file__).resolve().parents[2]
ASIDE = re.compile(r"""\|(date|time|naturaltime|naturalday|timesince|timeuntil)\b(?!:'U\.u')|{%\s*now\b""")
FORMATTED = re.compile(r"strftime\(|:%[YHdmb]|DATETIME_FORMAT|naturaltime")
# Not for people's pages: values of forms and addresses, SQL, and the two helpers themselves.
MAY = {
    "tickets/templatetags/desk.py", "tickets/templatetags/moments.py", "assistant/admin/monthly_page.py",
    "tickets/desk/figures/sql.py", "tickets/mail/outgoing/compose.py",
}  # fmt: skip


def found(pattern: re.Pattern[str], *globs: str) -> list[str]:
    files = sorted({path for each in globs for path in ROOT.glob(each)})
    assert len(files) > 20
    return [str(path.relative_to(ROOT)) for path in files if pattern.search(path.read_text())]


def test_no_template_writes_a_moment_in_a_form_of_its_own():
    assert found(ASIDE, "templates/**/*.html") == []


def test_no_page_writes_a_moment_in_a_form_of_its_own():
    doors = found(FORMATTED, *(f"{app}/{part}/**/*.py" for app in ("tickets", "assistant") for part in PARTS))
    assert [path for path in doors if path not in MAY] == []


PARTS = ("desk", "admin", "portal", "templatetags", "mail", "costs")


def test_no_page_writes_a_dollar_sign_before_an_amount():
    assert found(re.compile(r"\$\{?\{?[%{\d]"), "templates/**/*.html", "assistant/costs/**/*.py") == []


def test_a_moment_is_shown_in_the_zone_of_who_reads_with_the_exact_one_in_its_title():
    template = Template("{% load desk moments %}{% moment at 'soon' %} {% moment at 'clock' %} {% ago at %}")
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        html = template.render(Context({"at": datetime(2026, 1, 1, 0, 30, tzinfo=UTC)}))
    assert html.count('title="1 Jan 2026, 09:30 JST"') == 3
    assert ">Thu 1 Jan, 09:30</time>" in html and ">09:30:00</time>" in html


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234.5", "1,234.50"), ("0", "0.00"), ("0.012345", "0.0123"), ("0.00124", "0.001240"),
        ("-3", "−3.00"), ("0.0000001", "<0.000001"),
    ],
)  # fmt: skip
def test_an_amount_has_as_many_places_as_it_needs(amount, shown):
    assert dollars(Decimal(amount)) == shown
    assert usd(Decimal(amount)) == f"{shown} USD" and cny(Decimal(amount)) == f"{shown} CNY"


def test_an_unknown_amount_is_not_nothing():
    assert usd(None) == exact_usd(None) == "unknown"
    assert exact_usd(Decimal("0.0012400000")) == "0.00124 USD"
