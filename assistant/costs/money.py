"""Amounts as people read them, everywhere the same: the number, then its currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")


def usd(amount: Decimal | None) -> str:
    """`1,234.50 USD`; "unknown" for None, never 0."""
    return _("unknown") if amount is None else f"{dollars(amount)} USD"


def cny(amount: Decimal) -> str:
    """`1,234.50 CNY`, small amounts as in `usd`."""
    return f"{dollars(amount)} CNY"


def dollars(amount: Decimal) -> str:
    """The number alone, for columns that name the currency: with as many places as its size asks for, so that a small
    cost never reads as nothing."""
    size = abs(amount)
    sign = "−" if amount < 0 else ""
    if 0 < size < MICRO:
        return f"{sign}<{number_format(MICRO)}"
    places = 2 if size >= 1 or not size else 4 if size >= CENT else 6
    rounded = size.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{sign}{number_format(rounded, places, force_grouping=True)}"


def exact_usd(amount: Decimal | None) -> str:
    """An amount in USD to its last digit."""
    return _("unknown") if amount is None else f"{number_format(amount.normalize())} USD"
