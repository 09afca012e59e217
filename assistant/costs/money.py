"""Amounts as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")


def usd(amount: Decimal) -> str:
    """`$1,234.50`; below a cent with six places, so that a small cost never reads as nothing."""
    return _with_currency(amount, "$")


def cny(amount: Decimal) -> str:
    """`CNY 1,234.50`, small amounts as in `usd`."""
    return _with_currency(amount, "CNY ")


def _with_currency(amount: Decimal, currency: str) -> str:
    size = abs(amount)
    sign = "−" if amount < 0 else ""
    if size == 0 or size >= CENT:
        return f"{sign}{currency}{size.quantize(CENT, ROUND_HALF_UP):,}"
    if size < MICRO:
        return f"{sign}<{currency}{MICRO}"
    return f"{sign}{currency}{size.quantize(MICRO, ROUND_HALF_UP)}"
