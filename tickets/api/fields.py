"""Fields that take a value of their own type or refuse it: 1 is no text, "1" is no number, "yes" is no truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from tickets.api.filters import BIGGEST_ID, read_moment


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not have: a misspelt field must not look as if it had been set."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(set(data) - known)
            if unknown:
                raise serializers.ValidationError(
                    {_shown(name): [_("There is no such field here.")] for name in unknown[:20]}, code="unknown"
                )
        return super().to_internal_value(data)


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:60])


class Text(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Email(serializers.EmailField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data).lower()


class Choice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=_shown(str(data)))
        return data


class YesNo(serializers.BooleanField):
    def run_validation(self, data: Any = empty) -> Any:
        if data is not empty and not isinstance(data, bool):
            self.fail("invalid", input="")
        return super().run_validation(data)


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "date-time"})
class Moment(serializers.Field[datetime, str, str, Any]):
    default_error_messages: dict[str, Any] = {
        "invalid": gettext_lazy("Give a time with its zone, such as 2026-01-31T09:30:00Z.")
    }

    def to_internal_value(self, data: Any) -> datetime:
        moment = read_moment(data) if isinstance(data, str) else None
        if moment is None:
            self.fail("invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class Row(serializers.Field[Any, Any, Any, Any]):
    """A row named by `by`: its id (a whole number) or a text such as a slug. Looked up at once, each name once."""

    default_error_messages: dict[str, Any] = {
        "invalid": gettext_lazy("Give its {by}."),
        "unknown": gettext_lazy("There is none with this {by}."),
    }

    def __init__(self, rows: QuerySet[Any], *, by: str = "id", **options: Any) -> None:
        super().__init__(**options)
        self._rows = rows
        self.by = by

    def to_internal_value(self, data: Any) -> Model:
        kind = int if self.by == "id" else str
        if not isinstance(data, kind) or isinstance(data, bool) or "\0" in str(data):
            self.fail("invalid", by=self.by)
        if isinstance(data, int) and not 1 <= data <= BIGGEST_ID:
            self.fail("unknown", by=self.by)
        looked_up = self.context.setdefault("rows looked up", {})
        name = (self.field_name, data)
        if name not in looked_up:
            looked_up[name] = self._rows.all().filter(**{self.by: data}).first()
        if looked_up[name] is None:
            self.fail("unknown", by=self.by)
        found: Model = looked_up[name]
        return found

    def to_representation(self, value: Any) -> Any:
        return getattr(value, self.by)


class WordList(serializers.ListField):
    """A list of short texts."""

    def __init__(self, *, most: int, length: int, **options: Any) -> None:
        super().__init__(child=Text(max_length=length), max_length=most, **options)


class _RowSchema(OpenApiSerializerFieldExtension):
    target_class = "tickets.api.fields.Row"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if self.target.by == "id":
            return {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}
        return {"type": "string"}
