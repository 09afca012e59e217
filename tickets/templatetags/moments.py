"""Moments that are written out, such as those to come; what has happened is told by `ago`."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

FORMS = {"day": "DATE_FORMAT", "clock": "H:i:s", "soon": "D j M, H:i", "": "DATETIME_FORMAT"}


@register.simple_tag
def moment(value: datetime, form: str = "") -> SafeString:
    """A moment in the reader's time zone, which the title names. `form` is "day", "clock", "soon" or both day and
    time."""
    exact = f"{written(value)} {timezone.localtime(value).tzname()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, written(value, form))


def written(value: datetime, form: str = "") -> str:
    """The same as text alone."""
    return formats.date_format(timezone.localtime(value), FORMS[form])
