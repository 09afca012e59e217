"""Examples of the docs page. tests/tickets/api/test_docs.py sends the requests and compares the answers' fields."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

_TICKET = {
    "id": 1042,
    "subject": "Charged twice",
    "status": "open",
    "priority": "high",
    "priority_by": "relay",
    "category": "billing",
    "category_by": "relay",
    "needs_human": False,
    "team": 2,
    "team_by": "rule",
    "assignee": None,
    "customer": {"id": 7, "email": "erin@example.com", "name": "Erin Example"},
    "tags": ["refund"],
    "channel": "api",
    "source": "shop",
    "external_id": "order-4711",
    "version": 3,
    "snoozed_until": None,
    "created_at": "2026-01-31T09:30:00Z",
    "updated_at": "2026-01-31T09:30:04Z",
    "last_message_at": "2026-01-31T09:30:00Z",
    "first_response_at": None,
    "resolved_at": None,
}
_NEW = {
    "customer": {"email": "erin@example.com", "name": "Erin Example"},
    "subject": "Charged twice",
    "body": "My invoice is wrong, I was charged twice.",
    "source": "shop",
    "external_id": "order-4711",
    "tags": ["refund"],
}


def sent(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def answered(name: str, value: object, *statuses: str) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=list(statuses) or ["200", "201"])


TICKET = answered("A ticket", _TICKET)
NEW_TICKET = sent("A ticket from a shop", _NEW)
CHANGE = sent("Solved, for billing", {"status": "resolved", "category": "billing", "tags": ["refund", "shop"]})
BULK = sent(
    "Two tickets", {"tickets": [_NEW, {"customer": {"email": "sam@example.com"}, "body": "Where is my parcel?"}]}
)
BULK_ANSWER = answered(
    "One opened, one there before",
    {
        "created": 1,
        "existing": 1,
        "rejected": 0,
        "results": [
            {"index": 0, "outcome": "exists", "id": 1042, "errors": []},
            {"index": 1, "outcome": "created", "id": 1043, "errors": []},
        ],
    },
)
REPLY = sent(
    "A reply", {"kind": "reply", "body": "Sorry: the second charge is on its way back.", "status": "pending"}
)
NOTE = sent("A note", {"kind": "note", "body": "The payment provider has confirmed the refund."})
