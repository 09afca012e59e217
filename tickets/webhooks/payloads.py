"""What is told: the small form of a row, with the names that the REST API has for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from tickets.models import Classification, Message, Ticket, WebhookEvent
from tickets.models.choices import Channel

Data = list[dict[str, Any]]


def body(event: str, data: dict[str, Any], now: datetime) -> str:
    whole = {"type": event, "timestamp": now.isoformat(), "data": data}
    return json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def tickets(ids: Sequence[int]) -> Data:
    rows = Ticket.objects.filter(pk__in=ids).order_by("pk")
    return [
        {
            "id": row["pk"],
            "subject": row["subject"],
            "status": row["status"],
            "priority": row["priority"],
            "priority_by": row["priority_by"],
            "category": row["category__slug"],
            "category_by": row["category_by"],
            "needs_human": row["needs_review"],
            "team": row["team_id"],
            "assignee": row["assignee_id"],
            "customer": {"id": row["customer_id"], "email": row["customer__email"], "name": row["customer__name"]},
            "channel": row["channel"],
            "source": row["source"],
            "external_id": row["external_id"],
            "version": row["version"],
            "created_at": row["created"],
            "updated_at": row["updated"],
        }
        for row in rows.values(
            "pk", "subject", "status", "priority", "priority_by", "category__slug", "category_by", "needs_review",
            "team_id", "assignee_id", "customer_id", "customer__email", "customer__name", "channel", "source",
            "external_id", "version", "created", "updated",
        )
    ]  # fmt: skip


def opened(ids: Sequence[int]) -> Data:
    """Imports are history, and tell nobody: a year of tickets at once is no news."""
    return [row for row in tickets(ids) if row["channel"] != Channel.IMPORT]


def messages(ids: Sequence[int]) -> Data:
    return [
        {
            "id": message.pk,
            "ticket": message.ticket_id,
            "kind": message.kind,
            "author": message.author_id,
            "body": message.body,
            "format": message.format,
            "created_at": message.created,
        }
        for message in Message.objects.filter(pk__in=ids).order_by("pk")
    ]


def classifications(ids: Sequence[int]) -> Data:
    return [
        {
            "id": row.pk,
            "ticket": row.ticket_id,
            "category": row.category.slug if row.category else None,
            "priority": row.priority,
            "confidence": row.confidence,
            "reason": row.reason,
            "source": row.source,
            "author": row.author_id,
            "model": row.model,
            "prompt_version": row.prompt_version,
            "category_applied": row.category_applied,
            "priority_applied": row.priority_applied,
            "created_at": row.created,
        }
        for row in Classification.objects.filter(pk__in=ids).select_related("category").order_by("pk")
    ]


READ: dict[str, Callable[[Sequence[int]], Data]] = {
    WebhookEvent.TICKET_CREATED: opened,
    WebhookEvent.TICKET_UPDATED: tickets,
    WebhookEvent.MESSAGE_CREATED: messages,
    WebhookEvent.CLASSIFICATION_APPLIED: classifications,
}
