"""What requests about webhooks hold, what their answers are declared to be, and the answers' shapes."""

from __future__ import annotations

import json
from typing import Any

import django_filters
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tickets.api.fields import Choice, StrictSerializer, Text, YesNo
from tickets.api.filters import choices_filter
from tickets.models import Webhook, WebhookDelivery, WebhookEvent
from tickets.webhooks.addresses import refusal


class WebhookOut(serializers.Serializer[Any]):
    """An address that is told of events, signed by the Standard Webhooks specification."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(WebhookEvent.choices))
    enabled = serializers.BooleanField()
    off_reason = serializers.CharField(help_text="Why Collie has switched it off; empty where a person has.")
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Null: the last message was taken.")
    created_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class WebhookWithSecretOut(WebhookOut):
    """A webhook with its secret, which is not shown again."""

    secret = serializers.CharField(help_text="Signs the messages: whsec_ and base64.")


class _Address(Text):
    """An address that Collie may send to. Its host is looked up."""

    def to_internal_value(self, data: Any) -> str:
        url = super().to_internal_value(data)
        reason = refusal(url)
        if reason:
            raise serializers.ValidationError(reason, code="refused")
        return url


class _Events(serializers.ListField):
    def __init__(self, **options: Any) -> None:
        kinds = len(WebhookEvent.values)
        super().__init__(child=Choice(WebhookEvent.choices), min_length=1, max_length=kinds, **options)


class WebhookCreate(StrictSerializer):
    name = Text(max_length=100)
    url = _Address(max_length=2000, help_text="http or https; an address of an internal network is refused.")
    events = _Events()


class WebhookChange(StrictSerializer):
    name = Text(max_length=100, required=False)
    url = _Address(max_length=2000, required=False)
    events = _Events(required=False)
    enabled = YesNo(required=False, help_text="Off: what waits is given up. On: failures are counted anew.")


class DeliveryOut(serializers.Serializer[Any]):
    """A message and what became of it, the last attempt."""

    id = serializers.IntegerField()
    message_id = serializers.CharField(help_text="The header webhook-id, the same at each attempt.")
    event = serializers.ChoiceField(WebhookEvent.choices)
    state = serializers.ChoiceField(WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="Of the answer; null: there was none.")
    ms = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(help_text="The beginning of it.")
    problem = serializers.CharField(help_text="What went wrong, in words.")
    created_at = serializers.DateTimeField()
    tried_at = serializers.DateTimeField(allow_null=True)
    next_at = serializers.DateTimeField(allow_null=True, help_text="The next attempt; null: there will be none.")


@extend_schema_field({"type": "object", "additionalProperties": True})
class _Payload(serializers.JSONField):
    pass


class DeliveryWithBodyOut(DeliveryOut):
    payload = _Payload(help_text="What is sent: type, timestamp, data.")


class DeliveryFilters(django_filters.FilterSet):
    state = choices_filter(WebhookDelivery.State)
    event = choices_filter(WebhookEvent)

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []


def shape_webhook(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "url": row.url,
        "events": row.events,
        "enabled": row.enabled,
        "off_reason": row.off_reason,
        "failing_since": row.failing_since,
        "created_by": row.created_by_id,
        "created_at": row.created,
    }


def shape_deliveries(rows: list[WebhookDelivery]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "message_id": row.message_id,
            "event": row.event,
            "state": row.state,
            "attempts": row.attempts,
            "status": row.status,
            "ms": row.ms,
            "answer": row.answer,
            "problem": row.words,
            "created_at": row.created,
            "tried_at": row.tried,
            "next_at": row.next_at,
        }
        for row in rows
    ]


def shape_with_body(row: WebhookDelivery) -> dict[str, Any]:
    return {**shape_deliveries([row])[0], "payload": json.loads(row.body)}


def off_sentence() -> str:
    return _("It is being sent, or the webhook is off: switch it on first.")
