# ruff: noqa: E402  (Django is set up before its models are imported)
"""How long a run takes with one Celery worker and with two: where the relay is waited for, and at a rate limit.

    python bench/celery_workers.py [--database URL] [--broker URL] [--tickets N] [--latency-ms N] [--rpm N] …

PostgreSQL and RabbitMQ on this machine; a simulated relay answers each request after a second. A worker is `celery
worker --pool threads --concurrency 4`, a process of its own, and one beat runs beside. First without a limit that is
felt, then with `--rpm`, which one worker reaches already. The database is made for this and dropped afterwards; give
a broker (or a virtual host of it) that nobody else uses. Seconds are from the first claim to the last commit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/postgres", help="any on the server")
parser.add_argument("--broker", default="amqp://guest:guest@127.0.0.1:5672//")
parser.add_argument("--tickets", type=int, default=2000)
parser.add_argument("--latency-ms", type=int, default=1000)
parser.add_argument("--rpm", type=int, default=120, help="the limit of the second round")
parser.add_argument("--threads", type=int, default=4, help="requests at once that a worker makes")
parser.add_argument("--at-once", type=int, default=8, help="requests at once of the run")
parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
OPTIONS = parser.parse_args()
NAME = f"bench_{uuid.uuid4().hex[:12]}"
FOLDER = tempfile.TemporaryDirectory()
OWN = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DATABASE_URL": urlunsplit(urlsplit(OPTIONS.database)._replace(path=f"/{NAME}")),
    "CELERY_BROKER_URL": OPTIONS.broker,
    "RELAY_API_KEY": "bench",
    "SECRET_KEY": "for the bench alone, as long as keys should be at the very least",
}
os.environ |= OWN

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from assistant.models import RateBucket, TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import runs
from bench.triage_scale import make_tickets
from config.celery import app
from tickets.models import Ticket

CHUNK = 20
UNFELT = 1_000_000
PATIENCE = 900.0


def celery(stack: ExitStack, environ: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "celery", "--app", "config.celery", *arguments, "--loglevel", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    stack.callback(lambda: (process.terminate(), process.wait(timeout=30)))


def measure(relay: SimulatedRelay, workers: int, rpm: int) -> tuple[float, int]:
    """Seconds of a run over all tickets, and its requests."""
    RateBucket.objects.all().delete()
    environ = os.environ | OWN | {"RELAY_BASE_URL": relay.base_url, "RELAY_RPM": str(rpm)}
    with ExitStack() as stack:
        for number in range(workers):
            own = ["--hostname", f"{NAME}-{number}@%h", "--concurrency", str(OPTIONS.threads)]
            celery(stack, environ, "worker", "--pool", "threads", *own)
        wait_until(lambda: len(app.control.ping(timeout=1) or []) == workers)
        celery(stack, environ, "beat", "--schedule", str(Path(FOLDER.name, f"beat-{uuid.uuid4().hex}")))
        run = runs.create_run(Ticket.objects.all(), user=None, batch_size=CHUNK, concurrency=OPTIONS.at_once)
        runs.start(run, now=timezone.now())
        wait_until(lambda: TriageRun.objects.get(pk=run.pk).state != TriageRun.State.RUNNING)
    run.refresh_from_db()
    assert run.state == TriageRun.State.DONE and run.failed == 0, run.pause_reason
    return (run.finished - run.started).total_seconds(), run.requests


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def compare(relay: SimulatedRelay) -> None:
    least = OPTIONS.tickets / CHUNK / OPTIONS.threads * OPTIONS.latency_ms / 1000
    print(f"{OPTIONS.tickets:,} tickets in chunks of {CHUNK}, {OPTIONS.latency_ms} ms a request, {OPTIONS.threads} ")
    print(f"requests at once a worker: {least:.1f} s at the least with one.\n")
    print("| Celery workers | limit | seconds | requests | of the time with the first |\n|---:|---:|---:|---:|---:|")
    for rpm in (UNFELT, OPTIONS.rpm):
        first = None
        for workers in OPTIONS.workers:
            seconds, requests = measure(relay, workers, rpm)
            first = first or seconds
            limit = "not felt" if rpm == UNFELT else f"{rpm} a minute"
            print(f"| {workers} | {limit} | {seconds:.1f} | {requests} | {seconds / first:.2f} |", flush=True)


def main() -> None:
    settings.LOGGING_CONFIG = None
    try:
        server = psycopg.connect(OPTIONS.database, autocommit=True)
        with app.connection() as broker:
            broker.connect()
    except (psycopg.OperationalError, OSError) as error:
        print(f"Not measured: PostgreSQL and RabbitMQ are needed. {error}")
        return
    with server:
        server.execute(f"CREATE DATABASE {NAME}")
        try:
            call_command("migrate", verbosity=0)
            make_tickets(OPTIONS.tickets)
            with SimulatedRelay(seed=1, latency_ms=OPTIONS.latency_ms) as relay:
                compare(relay)
        finally:
            connections.close_all()
            connection.close_pool()
            server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


if __name__ == "__main__":
    main()
