# ruff: noqa: E402  (Django is set up before its models are imported)
"""Whether a run over 100,000 tickets starts at once, and whether its worker's memory stays flat.

    python bench/triage_scale.py [--tickets N] [--work-on N] [--worker-seconds N]

A run over all tickets is created and started, its page is opened, and a worker in a process of its own classifies at
a simulated relay without latency. The worker's memory is read from /proc after the first thousand tickets and at the
end of the time it is given; then the run is cancelled and undone. Works on a database of its own.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.support.alone import set_up

FOLDER = set_up(RELAY_RPM="1000000", ALLOWED_HOSTS="testserver")

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import runs
from tickets.models import Customer, Message, Ticket

BODIES = [
    "I was charged twice for my invoice this month, please refund the second payment.",
    "The app crashes with error 500 whenever I open the settings page.",
    "Could you send me a quote for twenty more seats? We consider the enterprise plan.",
    "Where do I find your opening hours?",
]


def make_tickets(count: int) -> None:
    customer = Customer.objects.create(email="bench@example.com")
    for start in range(0, count, 10_000):
        numbers = range(start, min(start + 10_000, count))
        made = Ticket.objects.bulk_create([Ticket(customer=customer, subject=f"Ticket {n}") for n in numbers])
        Message.objects.bulk_create(
            [Message(ticket=t, kind=Message.Kind.CUSTOMER, body=f"{BODIES[t.pk % 4]} ({t.pk})") for t in made]
        )


def row(name: str, figure: str) -> None:
    print(f"| {name} | {figure} |", flush=True)


def timed(name: str, act) -> object:
    begun = time.monotonic()
    result = act()
    row(name, f"{time.monotonic() - begun:.2f} s")
    return result


def open_page(run: TriageRun) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("carol"))
    client.get(run.get_absolute_url())
    begun = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(run.get_absolute_url()).status_code == 200
    row("the run's page", f"{len(queries)} queries, {(time.monotonic() - begun) * 1000:.0f} ms")


def resident(process: subprocess.Popen) -> float:
    """MB in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def watch(run: TriageRun, relay: SimulatedRelay, most: int, seconds: float) -> None:
    environ = os.environ | {"RELAY_BASE_URL": relay.base_url}
    worker = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "worker"], env=environ, stderr=subprocess.DEVNULL
    )
    begun, first, peak = time.monotonic(), 0.0, 0.0
    try:
        while run.classified < min(most, run.total) and time.monotonic() - begun < seconds:
            time.sleep(0.5)
            run.refresh_from_db()
            if run.classified >= 1000:
                first = first or resident(worker)
                peak = max(peak, resident(worker))
        taken = (run.finished - run.started).total_seconds()
        row("tickets classified", f"{run.classified:,} in {taken:.0f} s, {run.classified / taken:.0f} a second")
        row("worker's memory after the first thousand", f"{first:.0f} MB")
        row("at the end", f"{resident(worker):.0f} MB, never more than {peak:.0f} MB")
    finally:
        worker.terminate()
        worker.wait(timeout=15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--work-on", type=int, default=100_000)
    parser.add_argument("--worker-seconds", type=float, default=120)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    make_tickets(options.tickets)
    print(f"| {options.tickets:,} tickets | |\n|---|---:|")
    run = timed("creating the run", lambda: runs.create_run(Ticket.objects.all(), user=None, concurrency=8))
    timed("starting it", lambda: runs.start(run, now=timezone.now()))
    open_page(run)
    with SimulatedRelay(seed=1) as relay:
        watch(run, relay, options.work_on, options.worker_seconds)
    take_back(run)


def take_back(run: TriageRun) -> None:
    if run.state == TriageRun.State.RUNNING:
        runs.cancel(run)
    timed("asking for its undo", lambda: runs.begin_undo(run, None))
    undone = timed("undoing it", lambda: runs.undo(run, None, timezone.now()))
    row("tickets as they were before, left", f"{undone.restored:,}, {undone.left:,}")


if __name__ == "__main__":
    main()
