"""Amounts and times as people read them."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import number_format
from django.utils.translation import gettext as _


def usd(amount: Decimal | None) -> str:
    """An amount in USD with as many places as its size asks for; "unknown" for None, never 0."""
    return _("unknown") if amount is None else f"{dollars(amount)} USD"


def dollars(amount: Decimal) -> str:
    """The same without the currency, for columns that name it."""
    return str(number_format(amount, _places(amount), force_grouping=True))


def _places(amount: Decimal) -> int:
    if amount >= 1 or not amount:
        return 2
    return 4 if amount >= Decimal("0.01") else 6


def exact_usd(amount: Decimal | None) -> str:
    """An amount in USD to its last digit."""
    return _("unknown") if amount is None else f"{number_format(amount.normalize())} USD"


def duration(seconds: float) -> str:
    """How long something takes, in the one unit that matters."""
    if seconds < 90:
        return _("%(n)d s") % {"n": max(1, round(seconds))}
    if seconds < 90 * 60:
        return _("%(n)d min") % {"n": round(seconds / 60)}
    return _("%(n)d h %(minutes)02d min") % {"n": seconds // 3600, "minutes": seconds % 3600 // 60}


def whole(number: int) -> str:
    """A whole number with its thousands apart."""
    return str(intcomma(number))
