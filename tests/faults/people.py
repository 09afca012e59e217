"""Who and what is there at first; runs in a process that has the settings of the house: see House.fill."""

from __future__ import annotations

import json
import sys

BODIES = [
    "I was charged twice for my invoice this month, please refund the second payment.",
    "The app crashes with error 500 whenever I open the settings page.",
    "Could you send me a quote for twenty more seats? We consider the enterprise plan.",
    "Where do I find your opening hours?",
]


def fill(agents: int, tickets: int) -> None:
    """Prints cookies and API tokens of the agents, and the ids of the tickets, as one line of JSON."""
    from django.contrib.auth.models import User

    from tests.assistant.sockets import log_in
    from tickets.models import ApiToken, Customer, Message, Ticket

    erin = Customer.objects.create(email="erin@example.com", name="Erin")
    made = Ticket.objects.bulk_create([Ticket(customer=erin, subject=f"Ticket {n}") for n in range(tickets)], 1000)
    Message.objects.bulk_create(
        [
            Message(ticket=ticket, kind=Message.Kind.CUSTOMER, body=f"{BODIES[n % len(BODIES)]} ({n})")
            for n, ticket in enumerate(made)
        ],
        1000,
    )
    users = [User.objects.create_user(f"agent{n}", f"agent{n}@example.com") for n in range(agents)]
    found = {
        "cookies": [log_in(user) for user in users],
        "tokens": [ApiToken.issue(user, "faults")[1] for user in users],
        "tickets": [ticket.pk for ticket in made],
    }
    sys.stdout.write(json.dumps(found) + "\n")


def start_run(batch_size: int, concurrency: int) -> None:
    """A run over all tickets, begun."""
    from django.utils import timezone

    from assistant.triage import runs
    from tickets.models import Ticket

    run = runs.create_run(Ticket.objects.all(), user=None, batch_size=batch_size, concurrency=concurrency)
    runs.start(run, now=timezone.now())
