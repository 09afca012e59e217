"""Threads that live as long as their process, and a connection to the database that breaks under them."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import closing, contextmanager

import pytest
from django.db import DatabaseError, InterfaceError, connection, connections, transaction
from django.utils import timezone
from rich.console import Console

from assistant import jobs
from assistant.models import PeriodicJob
from assistant.triage import chunks, engine, runs, terminal
from assistant.triage.chunks import Lease
from assistant.triage.engine import Engine
from assistant.triage.leases import Leases
from tickets.mail import service as mail
from tickets.mail.incoming import imap
from tickets.models import Mailbox, Ticket
from tickets.unreached import forget_connections
from tickets.webhooks import service as webhooks

PATIENCE = 90.0  # seconds; a busy machine is slow, and no reason to fail


def cut_line() -> None:
    """Leaves this thread with a connection that answers nothing but errors."""
    connection.ensure_connection()
    connection.connection.close()


class Cut:
    """A function under whose first call the connection breaks; `well` is set once a later one has gone through."""

    def __init__(self, function: Callable) -> None:
        self._function = function
        self._cut = False
        self.well = threading.Event()

    def __call__(self, *args, **named):
        if not self._cut:
            self._cut = True
            cut_line()
        result = self._function(*args, **named)
        self.well.set()
        return result


@pytest.fixture
def cut(monkeypatch):
    """`cut(place, name)` puts a Cut in place of a function."""

    def put(place, name: str) -> Cut:
        found = Cut(getattr(place, name))
        monkeypatch.setattr(place, name, found)
        return found

    return put


@contextmanager
def running(loop: Callable[[threading.Event], object]):
    stop = threading.Event()

    def run() -> None:
        try:
            loop(stop)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def _quick(monkeypatch, settings):
    settings.PERIODIC_JOBS = {"wake": ("tickets.snoozing.wake_due", 0)}
    for place, name in ((jobs, "PERIOD"), (mail, "OUTBOX_PERIOD"), (webhooks, "PERIOD"), (engine, "POLL")):
        monkeypatch.setattr(place, name, 0.01)


LOOPS = {
    "periodic jobs": (jobs, "run_due", jobs.run_until),
    "outbox": (mail.sending, "send_due", mail.send_until),
    "webhooks": (webhooks, "_lanes", webhooks.send_until),
    "queue of chunks": (chunks, "claim", lambda stop: Engine(1, stop=stop).run()),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("place", "name", "loop"), LOOPS.values(), ids=LOOPS)
def test_a_thread_whose_connection_broke_goes_on_with_another(cut, place, name, loop):
    call = cut(place, name)
    with running(loop):
        assert call.well.wait(PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_over_another_connection_after_theirs_broke(cut):
    renew, leases = cut(chunks, "renew"), Leases(0.04, timezone.now)
    with closing(leases), leases.holding(Lease(1, 1, 1)):
        assert renew.well.wait(PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_an_engine_of_one_run_sees_its_end_over_another_connection_after_its_own_broke(cut):
    look = cut(chunks, "close_finished")
    with running(lambda stop: Engine(1, run_id=1, stop=stop).run()):
        assert look.well.wait(PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_a_progress_bar_is_drawn_on_after_its_connection_broke(cut, ticket):
    look, run = cut(terminal, "progress"), runs.create_run(Ticket.objects.all(), user=None)
    woken = threading.Event()
    woken.set()
    terminal.ProgressBar(Console(file=io.StringIO()), run).follow(look.well.is_set, woken)


@pytest.mark.django_db(transaction=True)
def test_a_job_under_which_the_connection_broke_takes_none_of_the_others_along(settings):
    settings.PERIODIC_JOBS = {
        "breaks": (f"{__name__}.break_and_ask", 3600), "wake": (f"{__name__}.note_wake", 3600),
    }  # fmt: skip
    assert jobs.run_due(timezone.now()) == ["breaks", "wake"]
    assert PeriodicJob.objects.filter(name="woken").exists()


def break_and_ask(now) -> None:
    cut_line()
    PeriodicJob.objects.count()


def note_wake(now) -> None:
    PeriodicJob.objects.create(name="woken", due=now)


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_under_which_the_connection_broke_is_free_again_at_once(monkeypatch):
    class Address:
        name, host, port, tls, user, password, folder, move = "a", "127.0.0.1", 1, False, "", "", "INBOX", ""

    def broken(*_: object, **_options: object) -> None:
        cut_line()
        Mailbox.objects.count()

    monkeypatch.setattr(imap, "MailBoxUnencrypted", broken)
    with pytest.raises((DatabaseError, InterfaceError)):
        imap.fetch(Address())
    assert Mailbox.objects.get(name="a").lease_until is None


@pytest.mark.django_db
def test_a_connection_in_the_middle_of_a_transaction_is_kept():
    with transaction.atomic():
        job = PeriodicJob.objects.create(name="some", due=timezone.now())
        forget_connections()
        assert PeriodicJob.objects.filter(pk=job.pk).exists()
