"""What answers about the AI are declared to be."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from assistant.models import Draft, RelayCall, TriageItem, TriageRun
from tickets.api.serializers import ClassificationOut


def usd(**options: Any) -> serializers.DecimalField:
    """Money in answers: a string in USD, null where it is not known."""
    return serializers.DecimalField(max_digits=20, decimal_places=10, **options)


class ClassifyOut(serializers.Serializer[Any]):
    """What became of it. `needs_human`: the model gave no usable answer; `reason` says why."""

    outcome = serializers.ChoiceField(["classified", "needs_human"])
    reason = serializers.CharField()
    run = serializers.IntegerField(help_text="The triage run that this was.")
    classification = ClassificationOut(allow_null=True)


class EstimateOut(serializers.Serializer[Any]):
    """What the pending tickets will take. `cost_usd` is null where the model's price is not known."""

    model = serializers.CharField()
    tickets = serializers.IntegerField()
    labelled_by_people = serializers.IntegerField(help_text="Have a label from a person, which stays.")
    requests = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_usd = usd(allow_null=True)
    seconds = serializers.FloatField()


class EstimatesOut(EstimateOut):
    """For the run's own model, and the same tickets on each enabled model, the cheapest first."""

    by_model = EstimateOut(many=True)


class RunOut(serializers.Serializer[Any]):
    """A run and how far it is. `estimate` is there in the answer that makes the run; else see estimate/."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(TriageRun.State.choices)
    chosen = serializers.CharField(help_text="How its tickets were chosen.")
    model = serializers.CharField()
    prompt_version = serializers.CharField()
    automatic = serializers.BooleanField()
    trial = serializers.BooleanField()
    batch_size = serializers.IntegerField()
    concurrency = serializers.IntegerField()
    rpm = serializers.IntegerField(allow_null=True)
    max_cost_usd = usd(allow_null=True)
    tickets = serializers.IntegerField()
    classified = serializers.IntegerField()
    needs_human = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()
    sample_size = serializers.IntegerField(allow_null=True, help_text="While only a sample is asked about.")
    requests = serializers.IntegerField()
    retries = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_usd = usd(allow_null=True)
    estimated_cost_usd = usd(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)
    waiting = serializers.CharField(help_text="What it waits for, empty while it does not.")
    paused_by = serializers.CharField(help_text="person, budget, switch or error; empty while it is not paused.")
    pause_reason = serializers.CharField()
    restored = serializers.IntegerField(help_text="Tickets that the undo has given back.")
    kept = serializers.IntegerField(help_text="Tickets that it left, since they have changed.")
    undo_left = serializers.IntegerField(allow_null=True)
    created_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class NewRunOut(RunOut):
    estimate = EstimateOut()


class FieldOut(serializers.Serializer[Any]):
    """`fate`: what applying would do, as same, changed, person (a person's label stays) or review (too unsure)."""

    today = serializers.CharField()
    proposed = serializers.CharField()
    fate = serializers.ChoiceField(["same", "changed", "person", "review"])


class SampleRowOut(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    state = serializers.ChoiceField(TriageItem.State.choices)
    reason = serializers.CharField()
    category = FieldOut(allow_null=True)
    priority = FieldOut(allow_null=True)


class SampleOut(serializers.Serializer[Any]):
    """The latest sample: what it cost, and what applying it would change."""

    cost_usd = usd(allow_null=True)
    rest = EstimateOut(help_text="What remains when the sample is applied.")
    results = SampleRowOut(many=True)


class ItemOut(serializers.Serializer[Any]):
    """One ticket of a run and what came of it."""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    state = serializers.ChoiceField(TriageItem.State.choices)
    category = serializers.CharField(allow_null=True)
    priority = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    error_code = serializers.CharField()
    reason = serializers.CharField()


class UsageOut(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField(help_text="The relay counted none.")


class SourceOut(serializers.Serializer[Any]):
    """What a reply leans on; `id` is a ticket's unless `label` says what it is instead."""

    id = serializers.IntegerField(required=False)
    title = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    label = serializers.CharField(required=False)  # type: ignore[assignment]


class DraftError(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    retryable = serializers.BooleanField()


class DraftOut(serializers.Serializer[Any]):
    """A draft as it stands; while it is `streaming`, its text is up to a second old: follow `stream_url`."""

    id = serializers.UUIDField()
    ticket = serializers.IntegerField()
    kind = serializers.ChoiceField(Draft.Kind.choices)
    state = serializers.ChoiceField(Draft.State.choices)
    model = serializers.CharField()
    author = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()
    sources = serializers.ListField(child=SourceOut())
    finish_reason = serializers.CharField()
    error = DraftError(allow_null=True)
    usage = UsageOut(allow_null=True)
    cost_usd = usd(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    stream_url = serializers.CharField()


class AssistOut(serializers.Serializer[Any]):
    text = serializers.CharField()
    model = serializers.CharField()
    finish_reason = serializers.CharField()
    usage = UsageOut()
    cost_usd = usd(allow_null=True)
    latency_ms = serializers.IntegerField()


class PriceOut(serializers.Serializer[Any]):
    """USD per million tokens."""

    input_usd = serializers.DecimalField(max_digits=12, decimal_places=6)
    cached_input_usd = serializers.DecimalField(max_digits=12, decimal_places=6)
    output_usd = serializers.DecimalField(max_digits=12, decimal_places=6)


class ModelOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    best_for = serializers.CharField()
    price = PriceOut(allow_null=True, help_text="Null where it is not known.")
    default_for = serializers.ListField(child=serializers.ChoiceField(["triage", "drafts"]))


class SumsOut(serializers.Serializer[Any]):
    """`cost_usd` is what is settled; calls under way and of unknown outcome count at their worst case."""

    calls = serializers.IntegerField()
    requests = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_usd = usd()
    reserved_usd = usd()
    unknown_usd = usd()
    unpriced_calls = serializers.IntegerField(help_text="Are in none of the amounts.")


class DayOut(SumsOut):
    day = serializers.DateField()


class ModelSumsOut(SumsOut):
    model = serializers.CharField()


class PurposeSumsOut(SumsOut):
    purpose = serializers.ChoiceField(RelayCall.Kind.choices)


class UsageReportOut(serializers.Serializer[Any]):
    """Calls from `first` to `last`, whole days in UTC, three times over."""

    first = serializers.DateField()
    last = serializers.DateField()
    total = SumsOut()
    days = DayOut(many=True)
    models = ModelSumsOut(many=True)
    purposes = PurposeSumsOut(many=True)
