"""Workers killed without warning, again and again, while they classify."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from assistant.models import RelayCall, TriageChunk, TriageRun
from assistant.triage import runs
from tests.assistant.triage.conftest import make_tickets  # noqa: F401
from tickets.models import Classification, Ticket, TicketEvent

from ..sockets import KEY, database_url

pytestmark = pytest.mark.django_db(transaction=True)
logger = logging.getLogger(__name__)
LEASE = 2.0  # seconds, so that a minute of kills is enough; the product's own is 60


@dataclass
class Killed:
    """What was under way when a worker was killed: chunk -> its fence and when it died."""

    at: float
    leases: dict[int, int]


@dataclass
class Story:
    relay: object
    run: TriageRun
    chance: random.Random
    kills: list[Killed] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    workers: list[subprocess.Popen] = field(default_factory=list)

    def start_worker(self) -> None:
        environ = os.environ | {
            "DATABASE_URL": database_url(), "RELAY_BASE_URL": self.relay.base_url, "RELAY_API_KEY": KEY,
            "RELAY_RPM": "1000000", "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        manage = str(django_settings.BASE_DIR / "manage.py")
        command = [sys.executable, manage, "worker", "--lease-seconds", str(LEASE)]
        self.workers.append(subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL))

    def kill_one(self) -> None:
        """Kill the only worker, wherever it is, and note what it held."""
        worker = self.workers.pop(0)
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=10)
        held = TriageChunk.objects.filter(run=self.run, state="leased").values_list("pk", "fence")
        self.kills.append(Killed(time.monotonic(), dict(held)))
        self.start_worker()

    def is_over(self) -> bool:
        self.run.refresh_from_db()
        return self.run.state == TriageRun.State.DONE

    def look(self) -> None:
        """Note when a chunk of a dead worker is taken up again, in seconds after the last kill: where one comes upon
        the other, no worker lives long enough to reach all that is left."""
        for kill in self.kills:
            if not kill.leases:
                continue
            now = dict(
                TriageChunk.objects.filter(pk__in=kill.leases).exclude(state="pending").values_list("pk", "fence")
            )
            for pk, fence in list(kill.leases.items()):
                if now.get(pk, fence) > fence:
                    self.resumed.append(time.monotonic() - self.kills[-1].at)
                    del kill.leases[pk]


def live(relay, *, kills: int, batch_size: int, seconds: float) -> Story:
    """A run over all tickets during which workers are killed so many times at random moments."""
    run = runs.create_run(Ticket.objects.all(), user=None, batch_size=batch_size, concurrency=4)
    runs.start(run, now=timezone.now())
    story = Story(relay, run, random.Random(11))
    pause, asked = threading.Event(), 0
    story.start_worker()
    try:
        deadline = time.monotonic() + seconds
        while not story.is_over():
            assert time.monotonic() < deadline, f"{run.classified} of {run.total} after {len(story.kills)} kills"
            if len(story.kills) < kills and relay.requests > asked:
                pause.wait(story.chance.uniform(0, 0.3))
                story.kill_one()
                asked = relay.requests
            story.look()
            pause.wait(0.05)
        story.look()
    finally:
        for worker in story.workers:
            worker.kill()
            worker.wait()
    return story


def check(story: Story, relay, tickets: int, kills: int, batch_size: int, patience: float = 5) -> None:
    """`patience`: seconds beside the lease in which a new worker is up and has taken over what the old one held."""
    run, in_flight = story.run, sum(len(kill.leases) for kill in story.kills) + len(story.resumed)
    assert (run.total, run.classified, run.failed, run.needs_human) == (tickets, tickets, 0, 0)
    assert len(story.kills) == kills
    labels = Counter(Classification.objects.values_list("ticket", flat=True))
    assert len(labels) == tickets and set(labels.values()) == {1}
    changes = Counter(TicketEvent.objects.filter(kind="category").values_list("ticket", flat=True))
    assert len(changes) == Ticket.objects.filter(category_by="relay").count() > 0.99 * tickets
    assert set(changes.values()) == {1}
    needed = -(-tickets // batch_size)
    assert relay.requests <= needed + in_flight
    assert not any(kill.leases for kill in story.kills)
    assert max(story.resumed, default=0) <= LEASE + patience
    settled = RelayCall.objects.filter(run=run, state=RelayCall.State.SETTLED)
    assert settled.count() == run.requests == needed
    assert run.cost == sum(call.cost for call in settled)
    logger.warning(
        "%s tickets, %s kills: %s extra calls, %s chunks in flight at the kills, up again within %.1f s (lease %s s)",
        tickets, kills, relay.requests - needed, in_flight, max(story.resumed, default=0), LEASE,
    )  # fmt: skip


def test_three_kills_lose_and_repeat_nothing(relay, make_tickets):  # noqa: F811
    make_tickets(200)
    relay.set(latency_ms=150)
    # How soon a process is up is the machine's business here; the long version asks for it.
    check(live(relay, kills=3, batch_size=5, seconds=240), relay, 200, 3, 5, patience=240)


@pytest.mark.soak
def test_a_hundred_kills_among_ten_thousand_tickets_lose_and_repeat_nothing(relay, make_tickets):  # noqa: F811
    make_tickets(10_000)
    relay.set(latency_ms=300)
    check(live(relay, kills=100, batch_size=10, seconds=1800), relay, 10_000, 100, 10)
