"""What the desk's templates need beyond Django's own tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from django import forms, template
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tickets.access import is_admin
from tickets.desk.counts import CAP
from tickets.desk.thread import ProposalEntry
from tickets.desk.widgets import options_html
from tickets.models import Ticket
from tickets.models.choices import SetBy
from tickets.people import display_name

register = template.Library()

_DAY = 86_400
_WEEK = 7 * _DAY


@register.filter
def is_desk_admin(user: AbstractBaseUser | AnonymousUser) -> bool:
    return is_admin(user)


@register.filter
def person(user: User | None) -> str:
    """A colleague's full name, else their user name; empty for nobody."""
    return display_name(user.first_name, user.last_name, user.username) if user else ""


@register.filter
def capped(number: int, most: int = CAP) -> str:
    """A count as people read it; what was only counted up to a cap says so."""
    return f"{intcomma(most)}+" if number > most else str(intcomma(number))


@register.filter
def percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.0f}\N{NO-BREAK SPACE}%"


@register.filter
def split(text: str) -> list[str]:
    return text.split()


@register.filter
def bound(form: forms.Form, name: str) -> forms.BoundField:
    return form[name]


@register.filter
def offers(choices: Sequence[tuple[str, str]], value: object) -> bool:
    return any(key == str(value) for key, _name in choices)


@register.filter
def is_ai(set_by: str) -> bool:
    return set_by == SetBy.RELAY


@register.filter
def decided_as(ticket: Ticket, proposal: ProposalEntry) -> bool:
    """Whether a person has already taken over exactly what the AI proposed."""
    by_people = {ticket.category_by, ticket.priority_by} == {SetBy.PERSON}
    return by_people and proposal.is_on(ticket) and not ticket.needs_review


@register.simple_tag
@lru_cache(maxsize=200)
def icon(name: str) -> SafeString:
    """One symbol of the page's sprite; it says nothing to a screen reader, so words must stand beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"></use></svg>', name)


@register.simple_tag
def offered(choices: Iterable[tuple[Any, Any]], chosen: object = "") -> SafeString:
    """The options of a select, without a template's loop: there are hundreds of them on a page."""
    return options_html(choices, "" if chosen is None else str(chosen))


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """A relative time, with the exact one in the title. relative-time.js keeps it current."""
    local = timezone.localtime(moment)
    exact = escape(f"{_written(local, 'DATETIME_FORMAT')} {local.tzname()}")
    now = escape(_relative(moment, local))
    return mark_safe(f'<time datetime="{moment.isoformat()}" title="{exact}" data-relative>{now}</time>')  # noqa: S308


def _written(local: datetime, form: str) -> str:
    """A list shows the same moments again at every look: each is written once. Without its zone, since moments that
    are equal in two zones are written differently."""
    return _spelled(local.replace(microsecond=0, tzinfo=None), form, get_language())


@lru_cache(maxsize=20_000)
def _spelled(naive: datetime, form: str, _language: str | None) -> str:
    return str(formats.date_format(naive, form))


def _relative(moment: datetime, local: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < 60:
        return _("now")
    if seconds < 3600:
        return _("%n min").replace("%n", str(int(seconds // 60)))
    if seconds < _DAY:
        return _("%n h").replace("%n", str(int(seconds // 3600)))
    if seconds < _WEEK:
        return _("%n d").replace("%n", str(int(seconds // _DAY)))
    return _written(local, "j M Y")


@register.inclusion_tag("tickets/parts/label.html")
def category_label(ticket: Ticket) -> dict[str, Any]:
    text = ticket.category.name if ticket.category else ""
    return {"text": text, "empty": _("No category"), **_origin(ticket.category_by)}


@register.inclusion_tag("tickets/parts/label.html")
def priority_label(ticket: Ticket) -> dict[str, Any]:
    return {"text": ticket.get_priority_display(), "icon": ticket.priority, **_origin(ticket.priority_by)}


def _origin(set_by: str) -> dict[str, Any]:
    sentences = {
        SetBy.RELAY: _("set by AI"),
        SetBy.RULE: _("set by a rule"),
        SetBy.PERSON: _("set by a person"),
    }
    return {"by_ai": set_by == SetBy.RELAY, "origin": sentences.get(SetBy(set_by), _("not set by anybody yet"))}
