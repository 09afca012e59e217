"""Payloads wherever strangers, colleagues and models can put a text. Runs inside the product, like specimens.py."""

from __future__ import annotations

import json
from pathlib import Path

from django.contrib.auth.models import User

from assistant.models import Draft
from tickets import models

PAYLOADS = (Path(__file__).parent / "payloads.txt").read_text().splitlines()


def make() -> None:
    """Print the id of a ticket that holds them all. Each also has a ticket of its own: subject, name, address."""
    alice, category = User.objects.get(username="alice"), models.Category.objects.first()
    team = models.Team.objects.get(name="Support")
    Kind = models.Message.Format
    ticket = None
    for n, payload in enumerate(PAYLOADS):
        customer = models.Customer.objects.create(email=f"mallory{n}@example.com", name=payload)
        own = {"team": team, "category": category, "assignee": alice}
        last = models.Ticket.objects.open(customer, f"Harmful words {payload}", subject=f"Harm {payload}", **own)
        ticket = ticket or last
    message = ticket.receive("one of many")
    for n, payload in enumerate(PAYLOADS):
        ticket.receive(payload, format=(Kind.HTML, Kind.TEXT)[n % 2])
        ticket.note(alice, payload)
        models.SavedView.objects.create(owner=alice, name=payload[:60], query="status=open")
        models.SavedReply.objects.create(name=payload[:100], body=payload)
        models.Attachment.objects.create(ticket=ticket, message=message, name=payload, content_type=payload[:200],
                                         detected="application/pdf", size=1, file=f"attachments/{n}")  # fmt: skip
    ticket.set_tags(alice, [payload.replace(",", " ") for payload in PAYLOADS])
    text = "\n\n".join(PAYLOADS)
    Draft.objects.create(ticket=ticket, author=alice, state="done", model="gpt-4.1", text=text, instruction=text)
    print(json.dumps({"ticket": ticket.pk, "customer": ticket.customer_id}))  # noqa: T201
