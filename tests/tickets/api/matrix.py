"""Who may do what at each route of the API: the table that test_matrix.py holds the URL conf to.

A route is named as in urls.py; its row says for each method which scope a token needs, which object of the world it
is asked of, and who is let through. `SEEN` is an object that Support and admins may know of, and Accounts not: those
others get 404. `ALL` is for every agent, `ADMINS` answers agents with 403.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SEEN, ALL, ADMINS = "seen", "all", "admins"


@dataclass(frozen=True)
class Act:
    """One method of a route. `body` may be a function of the world; `ok` is the status of success."""

    who: str
    scope: str = "read"
    body: Any = None
    ok: int = 200
    format: str = "json"


@dataclass(frozen=True)
class Route:
    acts: dict[str, Act]
    kwargs: dict[str, str] = field(default_factory=dict)  # of the address: names of ids in the world


def reads(who: str) -> Act:
    return Act(who)


def writes(who: str, body: Any, ok: int = 200, **more: Any) -> Act:
    return Act(who, "write", body, ok, **more)


def asks(who: str, body: Any = None, ok: int = 200) -> Act:
    """AI work."""
    return Act(who, "ai", {} if body is None else body, ok)


TICKET = {"ticket_id": "ticket"}
SAID = {**TICKET, "classification_id": "classification"}
DRAFT = {"draft_id": "draft"}
HOOK = {"webhook_id": "webhook"}
SENT = {**HOOK, "delivery_id": "delivery"}
NEW_HOOK = {"name": "Shop", "url": "https://93.184.215.14/hook", "events": ["ticket.created"]}
NEW = {"customer": {"email": "new@example.com"}, "body": "Hello"}

ROUTES: dict[str, Route] = {
    "api-tickets": Route({"GET": reads(ALL), "POST": writes(ALL, NEW, 201)}),
    "api-tickets-bulk": Route({"POST": writes(ALL, {"tickets": [NEW]})}),
    "api-ticket": Route({"GET": reads(SEEN), "PATCH": writes(SEEN, {"priority": "low"})}, TICKET),
    "api-messages": Route({"GET": reads(SEEN), "POST": writes(SEEN, {"kind": "note", "body": "x"}, 201)}, TICKET),
    "api-attachments": Route(
        {"GET": reads(SEEN), "POST": writes(SEEN, lambda world: world.upload(), 201, format="multipart")}, TICKET
    ),
    "api-attachment": Route({"GET": reads(SEEN)}, {**TICKET, "attachment_id": "attachment"}),
    "api-events": Route({"GET": reads(SEEN)}, TICKET),
    "api-classifications": Route({"GET": reads(SEEN)}, TICKET),
    "api-customers": Route({"GET": reads(ALL), "POST": writes(ALL, {"email": "other@example.com"}, 201)}),
    "api-customer": Route({"GET": reads(SEEN), "PATCH": writes(SEEN, {"name": "x"})}, {"customer_id": "customer"}),
    "api-teams": Route({"GET": reads(ALL), "POST": writes(ADMINS, {"name": "Another"}, 201)}),
    "api-team": Route({"GET": reads(ALL), "PATCH": writes(ADMINS, {"name": "Renamed"})}, {"team_id": "team"}),
    "api-categories": Route({"GET": reads(ALL), "POST": writes(ADMINS, {"slug": "new", "name": "New"}, 201)}),
    "api-category": Route({"GET": reads(ALL), "PATCH": writes(ADMINS, {"name": "Renamed"})}, {"slug": "slug"}),
    "api-tags": Route({"GET": reads(ALL)}),
    "api-users": Route({"GET": reads(ALL)}),
    "api-me": Route({"GET": reads(ALL)}),
    "api-webhooks": Route({"GET": reads(ADMINS), "POST": writes(ADMINS, NEW_HOOK, 201)}),
    "api-webhook": Route(
        {
            "GET": reads(ADMINS),
            "PATCH": writes(ADMINS, {"enabled": False}),
            "DELETE": writes(ADMINS, {}, 204),
        },
        HOOK,
    ),
    "api-webhook-secret": Route({"POST": writes(ADMINS, {})}, HOOK),
    "api-deliveries": Route({"GET": reads(ADMINS)}, HOOK),
    "api-delivery": Route({"GET": reads(ADMINS)}, SENT),
    "api-delivery-resend": Route({"POST": writes(ADMINS, {}, 202)}, SENT),
    "api-classify": Route({"POST": asks(SEEN)}, TICKET),
    "api-classification-accept": Route({"POST": writes(SEEN, {}, 201)}, SAID),
    "api-classification-correct": Route({"POST": writes(SEEN, {"category": "sales"}, 201)}, SAID),
    "api-drafts": Route({"GET": reads(SEEN), "POST": asks(SEEN, ok=202)}, TICKET),
    "api-draft": Route({"GET": reads(SEEN)}, DRAFT),
    "api-draft-stop": Route({"POST": asks(SEEN, ok=202)}, DRAFT),
    "api-draft-discard": Route({"POST": asks(SEEN)}, DRAFT),
    "api-draft-stream": Route({"GET": reads(SEEN)}, DRAFT),
    "api-runs": Route({"GET": reads(ADMINS), "POST": asks(ADMINS, {"all": True}, 201)}),
    "api-run": Route({"GET": reads(ADMINS)}, {"run_id": "draft run"}),
    "api-run-estimate": Route({"GET": reads(ADMINS)}, {"run_id": "draft run"}),
    "api-run-items": Route({"GET": reads(ADMINS)}, {"run_id": "draft run"}),
    "api-run-sample": Route({"GET": reads(ADMINS), "POST": asks(ADMINS)}, {"run_id": "draft run"}),
    "api-run-start": Route({"POST": asks(ADMINS)}, {"run_id": "draft run"}),
    "api-run-pause": Route({"POST": asks(ADMINS)}, {"run_id": "running run"}),
    "api-run-resume": Route({"POST": asks(ADMINS)}, {"run_id": "paused run"}),
    "api-run-cancel": Route({"POST": asks(ADMINS)}, {"run_id": "running run"}),
    "api-run-retry": Route({"POST": asks(ADMINS)}, {"run_id": "done run"}),
    "api-run-undo": Route({"POST": asks(ADMINS, ok=202)}, {"run_id": "done run"}),
    "api-assist": Route({"POST": asks(ALL, {"prompt": "Hello?"})}),
    "api-models": Route({"GET": reads(ALL)}),
    "api-usage": Route({"GET": reads(ADMINS)}),
}
