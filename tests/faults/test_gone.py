"""The database or Redis gone for a while, under processes that go on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis
import requests

from assistant.simulator.compose import compose
from assistant.simulator.prompt import read_prompt
from tests.assistant.sockets import open_socket
from tests.faults.house import SEED, House, eventually
from tests.tickets.webhooks.receivers import receiving

pytestmark = pytest.mark.services
JOBS_DUE = "SELECT max(due) FROM assistant_periodicjob WHERE name = 'undo-runs'"
WEBHOOK = (
    "from tickets.models import *; Webhook.objects.make(None, name='Shop', url='{url}', events=['ticket.created'])"
)
TICKET = "from tickets.models import *; Ticket.objects.open(Customer.objects.get(), 'Where is it?')"
OUTAGES = [2, pytest.param(10, marks=pytest.mark.soak)]


@pytest.fixture
def house() -> Iterator[House]:
    with House() as house:
        yield house


class Asker(threading.Thread):
    """Somebody who asks for the same page again and again; `answers` are the status codes, 0 for none."""

    def __init__(self, web, path: str, cookie: str = "") -> None:
        super().__init__(daemon=True)
        self._web, self._path, self._cookie = web, path, cookie
        self._over = threading.Event()
        self.answers: list[int] = []
        self.longest = 0.0

    def run(self) -> None:
        while not self._over.wait(0.1):
            began = time.monotonic()
            try:
                self.answers.append(self._web.get(self._path, self._cookie).status_code)
            except requests.RequestException:
                self.answers.append(0)
            self.longest = max(self.longest, time.monotonic() - began)

    def end(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def asked(web, *paths: str, cookie: str) -> Iterator[dict[str, Asker]]:
    askers = {path: Asker(web, path, cookie if path == "/" else "") for path in paths}
    for asker in askers.values():
        asker.start()
    try:
        yield askers
    finally:
        for asker in askers.values():
            asker.end()


def exact(house: House) -> list[str]:
    """What the relay said in all streams."""
    return [compose(read_prompt(call.prompt), SEED) for call in house.relay.books if call.stream]


def assert_each_once(house: House, tickets: int) -> None:
    rows = house.rows("SELECT ticket_id, count(*) FROM tickets_classification GROUP BY 1")
    assert len(rows) == tickets and {count for _, count in rows} == {1}
    assert house.rows("SELECT state, classified, failed FROM assistant_triagerun") == [("done", tickets, 0)]


def run_is_over(house: House) -> bool:
    return house.value("SELECT state FROM assistant_triagerun") not in ("draft", "running")


@pytest.mark.parametrize("seconds", OUTAGES)
def test_a_database_that_is_gone_for_a_while_is_waited_for(house, seconds):
    house.relay.set(latency_ms=300, token_ms=15)
    there = house.fill(agents=1, tickets=120)
    web, worker = house.start_web(), house.start_worker(lease_seconds=5)
    house.start_run(batch_size=5)
    with open_socket(web, f"/ws/tickets/{there['tickets'][0]}/", there["cookies"][0], ping_interval=None) as client:
        draft = client.draft()
        house.relay.wait_until(lambda relay: relay.requests >= 6)
        with asked(web, "/healthz", "/readyz", "/", cookie=there["cookies"][0]) as askers:
            house.db.refuse()
            eventually(lambda: 503 in askers["/readyz"].answers, "/readyz says that the database is gone")
            threading.Event().wait(seconds)
            house.db.heal()
            for asker in askers.values():
                seen = len(asker.answers)
                eventually(lambda a=asker, n=seen: 200 in a.answers[n:], "the pages are back")
        _, end = client.follow()
    assert set(askers["/healthz"].answers) == {200}
    assert askers["/readyz"].longest < 10
    assert set(askers["/"].answers) <= {200, 503}
    assert (end["type"], end["draft"]) == ("draft.done", draft)
    stored = house.rows("SELECT state, text FROM assistant_draft")
    assert stored == [("done", end["text"])] and end["text"] in exact(house)
    eventually(lambda: run_is_over(house), "the run is over")
    assert_each_once(house, 120)
    assert worker.process.alive and web.process.alive


def test_connections_that_were_cut_are_no_error_to_anybody(house):
    """As after a restart of the server that nobody was there to see."""
    there = house.fill(agents=1, tickets=5)
    web = house.start_web()
    threads = [Asker(web, "/", there["cookies"][0]) for _ in range(5)]
    for thread in threads:
        thread.start()
    eventually(lambda: all(len(thread.answers) >= 3 for thread in threads), "pages are answered")
    for thread in threads:
        thread.end()
    assert house.db.connections > 1
    house.db.cut()
    answers = [web.get("/", there["cookies"][0]).status_code for _ in range(30)]
    assert set(answers) == {200}


def test_an_idle_worker_whose_connections_were_cut_classifies_does_the_jobs_and_sends():
    """As after a restart of the server at night: its threads hold connections that nothing has come over since."""
    with receiving() as shop, House(RELAY_ALLOW_PRIVATE="1") as house:
        house.fill(agents=1, tickets=5)
        house.manage("shell", "-c", WEBHOOK.format(url=shop.url))
        worker = house.start_worker()
        eventually(lambda: house.value(JOBS_DUE) and house.db.connections >= 3, "each thread has asked for something")
        house.db.cut()
        due = house.value(JOBS_DUE)
        house.start_run()
        house.manage("shell", "-c", TICKET)
        eventually(lambda: run_is_over(house), "the run is over")
        assert_each_once(house, 5)
        eventually(lambda: shop.messages, "the shop is told")
        eventually(lambda: house.value(JOBS_DUE) > due, "the jobs are done again")
        assert worker.process.alive


@pytest.mark.parametrize("seconds", OUTAGES)
def test_redis_that_is_gone_for_a_while_keeps_nobody_from_work(house, seconds):
    there = house.fill(agents=2, tickets=1)
    ticket, (alice, bob) = there["tickets"][0], there["cookies"]
    here, elsewhere = house.start_web(), house.start_web()
    api = f"/api/v1/tickets/{ticket}/"
    with (
        open_socket(here, f"/ws/tickets/{ticket}/", alice, ping_interval=None) as client,
        open_socket(elsewhere, f"/ws/tickets/{ticket}/", bob, ping_interval=None) as other,
    ):
        for socket in (client, other):
            socket.until("state")
        while len(client.until("presence")["people"]) < 2:
            pass
        house.redis.refuse()
        asker = Asker(here, "/readyz")
        asker.start()
        assert here.get("/", alice).status_code == 200
        assert here.get(api, alice).status_code == 200
        client.draft()
        text, end = client.follow()
        assert end["type"] == "draft.done" and text == end["text"] and text in exact(house)
        note = post(here, f"{api}messages/", there["tokens"][0], {"kind": "note", "body": "While Redis was gone"})
        assert note == 201
        eventually(lambda: 503 in asker.answers, "/readyz says that the channel layer is gone")
        threading.Event().wait(seconds)
        with redis.Redis.from_url(house.redis_url) as server:
            server.flushdb()  # it comes back without any memory
        house.redis.heal()
        eventually(lambda: asker.answers[-1] == 200, "/readyz says that the layer is back")
        asker.end()
        for socket in (client, other):
            socket.until("state")  # by which its page sees what it missed
        assert post(here, f"{api}messages/", there["tokens"][0], {"kind": "note", "body": "And now"}) == 201
        assert other.until("message")["ticket"] == ticket
        while len(client.until("presence")["people"]) < 2:
            pass


def test_a_black_hole_instead_of_redis_delays_pages_by_seconds_at_most(house):
    there = house.fill(agents=1, tickets=1)
    web = house.start_web()
    api = f"/api/v1/tickets/{there['tickets'][0]}/"
    assert web.get(api, there["cookies"][0]).headers["RateLimit"]
    house.redis.swallow()
    answer = web.get(api, there["cookies"][0], timeout=30)
    assert answer.status_code == 200 and "RateLimit" not in answer.headers
    assert post(web, f"{api}messages/", there["tokens"][0], {"kind": "note", "body": "A note"}) == 201
    house.redis.heal()
    eventually(lambda: "RateLimit" in web.get(api, there["cookies"][0]).headers, "the limits are kept again")


def post(web, path: str, token: str, body: dict[str, str]) -> int:

    headers = {"Authorization": f"Token {token}"}
    return requests.post(web.origin + path, json=body, headers=headers, timeout=60).status_code


def test_a_proxy_in_front_of_postgres_refuses_and_heals(house):
    """What the tests above lean on."""
    url = house.env["DATABASE_URL"]
    psycopg.connect(url).close()
    house.db.refuse()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    house.db.heal()
    psycopg.connect(url).close()
    assert json.loads(house.manage("shell", "-c", "print('[]')").splitlines()[-1]) == []
