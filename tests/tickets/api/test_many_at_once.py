"""Two hundred requests at once to one web process on PostgreSQL."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from assistant.simulator import SimulatedRelay
from tests.assistant.sockets import Server, database_url, log_in
from tickets.models import ApiToken, Message, Ticket
from tickets.models.api_token import Scope

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL's connections"),
]
PATIENCE = 180
WAITING, SHORT = 60, 140  # requests that wait for the relay meanwhile, and others


@pytest.fixture
def relay():
    with SimulatedRelay(seed=1) as relay:
        yield relay


@pytest.fixture
def server(transactional_db, relay):
    server = Server(relay.base_url, RELAY_RPM="1000000").start()
    yield server
    server.kill()


@contextmanager
def most_connections():
    """A list whose last item is how many connections there were at most, beside those from before."""
    others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    most, stop = [0], threading.Event()

    def watch() -> None:
        with psycopg.connect(database_url(), autocommit=True) as own:
            while not stop.wait(0.01):
                most.append(
                    max(most[-1], len(set(own.execute(others).fetchall()) - before - {(own.info.backend_pid,)}))
                )

    with psycopg.connect(database_url()) as now:
        before = set(now.execute(others).fetchall())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        stop.set()
        watcher.join()


def ask(server: Server, method: str, path: str, body: dict | None, **headers: str) -> int:
    caller = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        content = None if body is None else json.dumps(body)
        caller.request(method, path, content, {"Content-Type": "application/json", **headers})
        answer = caller.getresponse()
        answer.read()
        return answer.status
    finally:
        caller.close()


def test_two_hundred_requests_at_once_share_the_pool_and_none_fails(server, relay, alice, ticket):
    token = {"Authorization": f"Token {ApiToken.issue(alice, 'test', tuple(Scope))[1]}"}
    page = {"Cookie": log_in(alice)}
    kinds = [
        ("GET", "/", None, page), ("GET", f"/tickets/{ticket.pk}/", None, page),
        ("GET", "/api/v1/tickets/", None, token), ("GET", f"/api/v1/tickets/{ticket.pk}/events/", None, token),
        ("POST", f"/api/v1/tickets/{ticket.pk}/messages/", {"kind": "note", "body": "Seen."}, token),
    ]  # fmt: skip
    question = {"prompt": "Say something.", "use_case": "batch", "user_waiting": False}
    relay.hold()
    with most_connections() as most, ThreadPoolExecutor(WAITING + SHORT) as callers:
        long = [callers.submit(ask, server, "POST", "/api/v1/assist/", question, **token) for _ in range(WAITING)]
        relay.wait_until(lambda relay: relay.held == WAITING, timeout=PATIENCE)
        start = threading.Barrier(SHORT)

        def together(method: str, path: str, body: dict | None, headers: dict[str, str]) -> int:
            start.wait(PATIENCE)
            return ask(server, method, path, body, **headers)

        short = [callers.submit(together, *kinds[number % len(kinds)]) for number in range(SHORT)]
        answered = Counter(caller.result() for caller in short)
        relay.release()
        assert answered == {200: SHORT * 4 // 5, 201: SHORT // 5}
        assert Counter(caller.result() for caller in long) == {200: WAITING}
    assert 1 <= most[-1] <= settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]
    assert Message.objects.filter(ticket=ticket, kind="note").count() == SHORT // 5
    assert Ticket.objects.get().version == ticket.version + SHORT // 5
