"""The engine with its threads, and workers as processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection, connections
from django.utils import timezone

from assistant import jobs
from assistant.models import PeriodicJob, TriageChunk, TriageRun
from assistant.triage import engine as engine_module
from assistant.triage import runs
from assistant.triage.engine import Engine
from tests.waiting import until
from tickets.models import Classification, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 90.0  # seconds; a busy machine takes its time to start a process


def started(**options) -> TriageRun:
    run = runs.create_run(Ticket.objects.all(), user=None, **options)
    runs.start(run, now=timezone.now())
    return run


def has_ended(run: TriageRun) -> bool:
    run.refresh_from_db()
    return run.state == TriageRun.State.DONE


@contextmanager
def in_thread(engine: Engine):
    def work() -> None:
        engine.run()
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(timeout=PATIENCE)
    assert not thread.is_alive()


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)


@contextmanager
def worker(relay, *arguments: str):
    """`manage.py worker` as a process of its own on the test's database."""
    environ = os.environ | {
        "DATABASE_URL": database_url(), "RELAY_BASE_URL": relay.base_url, "RELAY_API_KEY": "key",
        "RELAY_RPM": "100000", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    command = [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "worker", *arguments]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_requests_go_out_side_by_side_up_to_the_runs_concurrency(make_tickets, relay):
    make_tickets(40)
    run = started(batch_size=2, concurrency=8)
    relay.hold()
    with in_thread(Engine(20, run_id=run.pk)):
        relay.wait_until(lambda relay: relay.held == 8)
        assert relay.requests == 8
        relay.release()
    run.refresh_from_db()
    assert (run.state, run.classified, run.requests) == ("done", 40, 20)
    assert Classification.objects.count() == 40


def test_a_stop_gives_back_what_is_under_way_without_counting_it(make_tickets, relay, monkeypatch):
    monkeypatch.setattr(engine_module, "GRACE", 0.1)
    make_tickets(10)
    run = started(batch_size=5, concurrency=2)
    stop = threading.Event()
    relay.hold()
    with in_thread(Engine(4, stop=stop)) as thread:
        relay.wait_until(lambda relay: relay.held == 2)
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()
    relay.release()
    assert set(TriageChunk.objects.values_list("state", "attempts")) == {("pending", 0)}
    run.refresh_from_db()
    assert (run.state, run.failed, run.failures_in_row) == ("running", 0, 0)
    Engine(4, run_id=run.pk).run()
    run.refresh_from_db()
    assert (run.state, run.classified) == ("done", 10)


def test_a_stop_ends_a_wait_for_the_rate_limit(make_tickets, relay, settings):
    settings.RELAY_RPM = 1
    make_tickets(3)
    run = started(batch_size=1, concurrency=3)
    stop = threading.Event()
    with in_thread(Engine(4, stop=stop)):
        until(lambda: TriageRun.objects.filter(pk=run.pk, waiting_until__isnull=False).exists())
        stop.set()
    run.refresh_from_db()
    assert run.failed == 0
    assert set(run.chunks.exclude(state="done").values_list("state", "attempts")) == {("pending", 0)}


def test_a_lease_is_renewed_for_as_long_as_the_relay_thinks(make_tickets, relay):
    make_tickets(2)
    run = started()
    relay.hold()
    with in_thread(Engine(1, run_id=run.pk, lease_seconds=0.4)):
        relay.wait_until(lambda relay: relay.held == 1)
        first = TriageChunk.objects.get().lease_until
        until(lambda: TriageChunk.objects.get().lease_until > first)
        relay.release()
    run.refresh_from_db()
    assert (run.classified, run.requests, relay.requests) == (2, 1, 1)


def test_a_worker_killed_in_the_middle_loses_and_repeats_nothing(make_tickets, relay):
    make_tickets(60)
    run = started(batch_size=5, concurrency=3)
    relay.set(latency_ms=150)
    with worker(relay, "--lease-seconds", "2") as first:
        relay.wait_until(lambda relay: relay.requests >= 5, timeout=PATIENCE)
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=10)
    run.refresh_from_db()
    assert run.classified < 60
    with worker(relay, "--lease-seconds", "2"):
        until(lambda: has_ended(run))
    assert (run.total, run.classified, run.failed, run.needs_human) == (60, 60, 0, 0)
    assert Classification.objects.values("ticket").distinct().count() == Classification.objects.count() == 60
    assert run.requests <= relay.requests <= 12 + 3


def test_a_stop_takes_less_than_ten_seconds_by_its_own_limits():
    assert engine_module.GRACE + engine_module.FAREWELL < 10


def test_a_worker_ends_in_order_on_sigterm(make_tickets, relay):
    make_tickets(4)
    run = started()
    with worker(relay) as process:
        until(lambda: has_ended(run))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0


def test_a_locked_database_delays_a_run_and_does_not_end_it(make_tickets, relay):
    make_tickets(4)
    run = started(batch_size=2)
    refusals = iter(range(3))

    def locked(execute, sql, params, many, context):
        if "triagerun" in sql and next(refusals, None) is not None:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(locked):  # of the engine's own thread, which reads the queue and the run
        Engine(2, run_id=run.pk).run()
    assert next(refusals, None) is None
    run.refresh_from_db()
    assert (run.state, run.classified) == ("done", 4)


def test_two_workers_share_a_run(make_tickets, relay):
    make_tickets(40)
    run = started(batch_size=2, concurrency=6)
    with in_thread(Engine(3, run_id=run.pk)), in_thread(Engine(3, run_id=run.pk)):
        pass
    run.refresh_from_db()
    assert (run.state, run.classified, run.requests) == ("done", 40, relay.requests) == ("done", 40, 20)


ran: list[str] = []


def note(now):
    ran.append("note")


def broken(now):
    raise RuntimeError("broken on purpose")


def end(now):
    raise SystemExit


def test_a_process_that_ends_within_a_job_puts_off_no_other(settings):
    settings.PERIODIC_JOBS = {"end": (f"{__name__}.end", 3600), "note": (f"{__name__}.note", 3600)}
    now = timezone.now()
    with pytest.raises(SystemExit):
        jobs.run_due(now)
    assert jobs.run_due(now) == ["note"]


def test_each_periodic_job_runs_once_when_it_is_due_and_a_broken_one_stops_no_other(settings):
    ran.clear()
    settings.PERIODIC_JOBS = {"broken": (f"{__name__}.broken", 5), "note": (f"{__name__}.note", 10)}
    now = timezone.now()
    assert jobs.run_due(now) == ["broken", "note"]
    assert jobs.run_due(now) == []
    later = now + timezone.timedelta(seconds=6)
    assert jobs.run_due(later) == ["broken"]
    assert ran == ["note"]
    assert PeriodicJob.objects.count() == 2
