"""A simulated relay, tickets in number, and a worker whose waits move a clock instead of taking time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from assistant.models import TriageChunk, TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import chunks, runs
from assistant.triage.work import Worker, process_chunk
from tickets.models import Message, Ticket

BODIES = [
    "I was charged twice for my invoice this month, please refund the second payment.",
    "The app crashes with error 500 whenever I open the settings page.",
    "Could you send me a quote for twenty more seats? We consider the enterprise plan.",
    "Where do I find your opening hours?",
]


@pytest.fixture
def relay(settings):
    with SimulatedRelay(seed=7) as relay:
        settings.RELAY_BASE_URL = relay.base_url
        settings.RELAY_RPM = 100_000
        yield relay


@pytest.fixture
def make_tickets(erin):
    """make_tickets(n) -> n open tickets, inserted in bulk."""

    def make(count: int) -> list[Ticket]:
        rows = [Ticket(customer=erin, subject=f"Ticket {n}") for n in range(count)]
        tickets = Ticket.objects.bulk_create(rows)
        Message.objects.bulk_create(
            [
                Message(ticket=ticket, kind=Message.Kind.CUSTOMER, body=f"{BODIES[n % len(BODIES)]} ({n})")
                for n, ticket in enumerate(tickets)
            ]
        )
        return tickets

    return make


@dataclass
class Clock:
    current: datetime = field(default_factory=timezone.now)

    def __call__(self) -> datetime:
        return self.current

    def advance(self, seconds: float) -> None:
        self.current += timedelta(seconds=seconds)


class Stop(threading.Event):
    def __init__(self, clock: Clock):
        super().__init__()
        self.clock = clock

    def wait(self, timeout=None):
        self.clock.advance(timeout)
        return self.is_set()


class Bench:
    """One worker in the test's own thread."""

    def __init__(self):
        self.clock = Clock()
        self.worker = Worker(stop=Stop(self.clock), now=self.clock)

    def start(self, tickets=None, **options) -> TriageRun:
        tickets = Ticket.objects.all() if tickets is None else tickets
        run = runs.create_run(tickets, user=options.pop("user", None), **options)
        runs.start(run, now=self.clock())
        return run

    def step(self) -> bool:
        """Work on one chunk; False when none is due."""
        lease = chunks.claim(self.clock())
        if lease is None:
            return False
        process_chunk(lease, self.worker)
        return True

    def drain(self, run: TriageRun) -> TriageRun:
        """Work until nothing is left to do, moving the clock on to whatever is due next."""
        while True:
            while self.step():
                pass
            run.refresh_from_db()
            waiting = TriageChunk.objects.filter(run=run, state=TriageChunk.State.PENDING)
            following = waiting.order_by("next_at").values_list("next_at", flat=True).first()
            if run.state != TriageRun.State.RUNNING or following is None:
                return run
            self.clock.current = max(following, self.clock.current)

    def run(self, tickets=None, **options) -> TriageRun:
        return self.drain(self.start(tickets, **options))


@pytest.fixture
def bench(relay) -> Bench:
    return Bench()
