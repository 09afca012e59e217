"""Rows as JSON: what is read with .values() and turned into dicts, which costs a quarter of model objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from tickets.models import Attachment, Classification, Message, Ticket, TicketEvent

Rows = Sequence[dict[str, Any]]

_TICKET = (
    "pk", "subject", "status", "priority", "priority_by", "category__slug", "category_by", "needs_review", "team_id",
    "team_by", "assignee_id", "customer_id", "customer__email", "customer__name", "channel", "source", "external_id",
    "version", "snoozed_until", "created", "updated", "last_message", "first_response", "resolved",
)  # fmt: skip


def ticket_values(tickets: QuerySet[Ticket]) -> QuerySet[Any]:
    return tickets.values(*_TICKET)


def shape_tickets(rows: Rows) -> list[dict[str, Any]]:
    """JSON of rows of `ticket_values`: one query more, for the tags of all."""
    tags: dict[int, list[str]] = {row["pk"]: [] for row in rows}
    named = Ticket.tags.through.objects.filter(ticket__in=tags).order_by("tag__name")
    for ticket_id, name in named.values_list("ticket_id", "tag__name") if tags else ():
        tags[ticket_id].append(name)
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
            "team_by": row["team_by"],
            "assignee": row["assignee_id"],
            "customer": {
                "id": row["customer_id"], "email": row["customer__email"], "name": row["customer__name"]
            },
            "tags": tags[row["pk"]],
            "channel": row["channel"],
            "source": row["source"],
            "external_id": row["external_id"],
            "version": row["version"],
            "snoozed_until": row["snoozed_until"],
            "created_at": row["created"],
            "updated_at": row["updated"],
            "last_message_at": row["last_message"],
            "first_response_at": row["first_response"],
            "resolved_at": row["resolved"],
        }
        for row in rows
    ]  # fmt: skip


def one_ticket(ticket_id: int) -> dict[str, Any]:
    """A ticket as it is now; whoever asks has already been let in."""
    return shape_tickets(list(ticket_values(Ticket.objects.filter(pk=ticket_id))))[0]


def shape_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """JSON of messages with their attachments prefetched."""
    return [
        {
            "id": message.pk,
            "kind": message.kind,
            "author": message.author_id,
            "body": message.body,
            "format": message.format,
            "text": message.plain,
            "delivery": message.delivery,
            "attachments": shape_attachments(message.attachments.all()),
            "created_at": message.created,
        }
        for message in messages
    ]


def shape_attachments(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    return [
        {
            "id": attachment.pk,
            "name": attachment.name,
            "content_type": attachment.detected,
            "size": attachment.size,
            "message": attachment.message_id,
            "created_at": attachment.created,
        }
        for attachment in attachments
    ]


def shape_events(events: Sequence[TicketEvent]) -> list[dict[str, Any]]:
    return [
        {
            "id": event.pk,
            "kind": event.kind,
            "old": event.old,
            "new": event.new,
            "actor": event.actor_id,
            "cause": event.cause,
            "created_at": event.created,
        }
        for event in events
    ]


def shape_classifications(rows: Sequence[Classification]) -> list[dict[str, Any]]:
    """JSON of classifications with their category joined."""
    return [
        {
            "id": row.pk,
            "ticket": row.ticket_id,
            "category": row.category.slug if row.category else None,
            "priority": row.priority,
            "confidence": row.confidence,
            "reason": row.reason,
            "doubt": row.doubt,
            "source": row.source,
            "author": row.author_id,
            "model": row.model,
            "prompt_version": row.prompt_version,
            "category_applied": row.category_applied,
            "priority_applied": row.priority_applied,
            "created_at": row.created,
        }
        for row in rows
    ]
