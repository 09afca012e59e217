"""What requests about the AI hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from assistant.drafts.asking import LONGEST_TEXT
from assistant.drafts.prompt import TONES
from assistant.models import Draft
from assistant.triage import sample
from tickets.api.fields import Choice, Row, StrictSerializer, Text, Whole, YesNo
from tickets.api.filters import BIGGEST_ID
from tickets.models import Category
from tickets.models.choices import Priority, Status

LONGEST_PROMPT = 100_000
MOST_IDS = 10_000
CHOICES = ("ids", "filter", "status", "all")


class Usd(serializers.DecimalField):
    """An amount in a request: a string or a number above 0."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=6, min_value=Decimal("0.000001"), **options)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class _Model(Text):
    def __init__(self, **options: Any) -> None:
        help_text = "The relay's name of a model, or an alias; the installation's own unless said."
        super().__init__(max_length=100, required=False, allow_blank=True, help_text=help_text, **options)


class ClassifyWish(StrictSerializer):
    model = _Model()


class Correction(StrictSerializer):
    """One of the two at least."""

    category = Row(Category.objects.filter(active=True), by="slug", required=False)
    priority = Choice(Priority.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError(_("Give a category, a priority, or both."))
        return attrs


class RunCreate(StrictSerializer):
    """Exactly one of the choices: `ids`, `filter`, `status` or `all`."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID), required=False, min_length=1,
        max_length=MOST_IDS, help_text="These tickets; those that do not exist are left out.",
    )  # fmt: skip
    filter = Choice(["open_without_category"], required=False)
    status = Choice(Status.choices, required=False, help_text="All of this status.")
    all = YesNo(required=False, help_text="True: every ticket; labels that people set stay.")
    model = _Model()
    batch_size = Whole(min_value=1, max_value=100, required=False)
    concurrency = Whole(min_value=1, max_value=64, required=False)
    rpm = Whole(min_value=1, max_value=1_000_000, required=False)
    max_cost = Usd(required=False, help_text="USD; the run pauses before it would cost more.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("all") is False:
            del attrs["all"]
        if sum(name in attrs for name in CHOICES) != 1:
            raise serializers.ValidationError(_("Choose the tickets in one way: ids, filter, status or all."))
        return attrs


class SampleWish(StrictSerializer):
    size = Whole(min_value=1, max_value=sample.MOST, required=False)


class StartWish(StrictSerializer):
    apply_sample = YesNo(required=False, help_text="Apply the sample's answers rather than ask again.")


class ResumeWish(StrictSerializer):
    max_cost = Usd(required=False, help_text="A new limit in USD.")


class Nothing(StrictSerializer):
    """No fields: send {}, or no body at all."""


class DraftWish(StrictSerializer):
    instruction = Text(max_length=2000, required=False, allow_blank=True)
    tone = Choice(list(TONES), required=False)
    kind = Choice(Draft.Kind.choices, required=False)
    preset = Whole(min_value=1, max_value=2**31 - 1, required=False)
    text = Text(max_length=LONGEST_TEXT, required=False, help_text="What a translation translates.")
    model = _Model()


class AssistWish(StrictSerializer):
    prompt = Text(max_length=LONGEST_PROMPT)
    use_case = Text(
        max_length=50, required=False,
        help_text="chat, writing, coding or interactive, or batch, report, export or bulk, which never stream.",
    )  # fmt: skip
    user_waiting = YesNo(required=False, help_text="True: streamed, unless the use case never is.")
    model = _Model()
