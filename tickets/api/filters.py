"""What lists can be narrowed by. A value that means nothing is refused, never ignored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field

from tickets.models import Ticket
from tickets.models.choices import Channel, Priority, Status
from tickets.search import search

BIGGEST_ID = 2**63 - 1
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?\d*([Zz]|[+-]\d\d:\d\d)")


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, without its forms in pages: there are none."""

    def to_html(self, request: Any, queryset: Any, view: Any) -> str:
        return ""


class MomentField(forms.Field):
    """An RFC 3339 time with its zone."""

    def clean(self, value: Any) -> datetime | None:
        if value is None:
            return None
        moment = read_moment(str(value))
        if moment is None:
            raise forms.ValidationError(
                _("Give a time with its zone, such as 2026-01-31T09:30:00Z; in an address, encode its +.")
            )
        return moment


def read_moment(text: str) -> datetime | None:
    """The moment that `text` names, in UTC; None when it is none of the years 1 to 9999."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class YesNoField(forms.Field):
    def clean(self, value: Any) -> bool | None:
        if value is None:
            return None
        if value not in {"true", "false"}:
            raise forms.ValidationError(_("Give true or false."))
        return value == "true"


class IdField(forms.Field):
    """A row's id, or one of `words`."""

    def __init__(self, *, words: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(**options)
        self._words = words

    def clean(self, value: Any) -> int | str | None:
        if value is None or value in self._words:
            return value
        if not (value.isascii() and value.isdigit() and 1 <= int(value[:20]) <= BIGGEST_ID):
            raise forms.ValidationError(_("Give an id: %s.") % ", ".join([_("a whole number"), *self._words]))
        return int(value)


class WordField(forms.CharField):
    """Text that is there: `?tag=` is more likely a slip than a wish for everything."""

    def clean(self, value: Any) -> str | None:
        if value is None:
            return None
        text = str(super().clean(value))
        if not text.strip():
            raise forms.ValidationError(_("Give a value, or leave the parameter out."))
        return text


class ChoicesField(WordField):
    """One or several of the choices, separated by commas."""

    def __init__(self, *, choices: type[Any], **options: Any) -> None:
        super().__init__(**options)
        self._known = choices.values

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text is None:
            return None
        given = str(text).split(",")
        if not set(given) <= set(self._known):
            raise forms.ValidationError(_("Give one or several of: %s.") % ", ".join(self._known))
        return given


class _Filter(django_filters.Filter):
    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs if value is None else qs.filter(**{f"{self.field_name}__{self.lookup_expr}": value})


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentFilter(_Filter):
    field_class = MomentField


@extend_schema_field({"type": "boolean"})
class YesNoFilter(_Filter):
    field_class = YesNoField


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": BIGGEST_ID})
class IdFilter(_Filter):
    field_class = IdField


class WordFilter(_Filter):
    field_class = WordField


def choices_filter(kind: type[Any], **options: Any) -> Any:
    """A filter by several values of `kind`."""

    class ChoicesFilter(_Filter):
        field_class = ChoicesField

    schema = {"type": "array", "items": {"type": "string", "enum": kind.values}, "minItems": 1}
    return extend_schema_field(schema)(ChoicesFilter(choices=kind, lookup_expr="in", **options))


def word_filter(length: int = 255, **options: Any) -> Any:
    schema = {"type": "string", "minLength": 1, "maxLength": length, "pattern": r"\S"}
    return extend_schema_field(schema)(WordFilter(max_length=length, **options))


def _id_or(*words: str, **options: Any) -> Any:
    number = {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}
    schema = {"anyOf": [number, {"type": "string", "enum": list(words)}]}
    return extend_schema_field(schema)(IdFilter(words=words, **options))


class TicketFilters(django_filters.FilterSet):
    status = choices_filter(Status)
    priority = choices_filter(Priority)
    channel = choices_filter(Channel)
    category = word_filter(50, field_name="category__slug")
    team = _id_or("none", method="by_person")
    assignee = _id_or("me", "none", method="by_person")
    customer = IdFilter(field_name="customer_id")
    customer_email = word_filter(254, method="by_address")
    tag = word_filter(100, field_name="tags__name")
    source = word_filter(100)
    external_id = word_filter(200)
    needs_human = YesNoFilter(field_name="needs_review")
    created_after = MomentFilter(field_name="created", lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lt")
    updated_after = MomentFilter(field_name="updated", lookup_expr="gte")
    updated_before = MomentFilter(field_name="updated", lookup_expr="lt")
    q = word_filter(200, method="by_words")

    class Meta:
        model = Ticket
        fields: list[str] = []

    def by_person(self, tickets: QuerySet[Ticket], name: str, value: int | str | None) -> QuerySet[Ticket]:
        if value is None:
            return tickets
        if value == "none":
            return tickets.filter(**{f"{name}__isnull": True})
        return tickets.filter(**{f"{name}_id": self.request.user.pk if value == "me" else value})

    def by_address(self, tickets: QuerySet[Ticket], name: str, value: str | None) -> QuerySet[Ticket]:
        return tickets if value is None else tickets.filter(customer__email=value.strip().lower())

    def by_words(self, tickets: QuerySet[Ticket], name: str, value: str | None) -> QuerySet[Ticket]:
        return tickets if value is None else search(tickets, value)
