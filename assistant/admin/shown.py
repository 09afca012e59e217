"""Lengths of time and whole numbers as people read them."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _


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
