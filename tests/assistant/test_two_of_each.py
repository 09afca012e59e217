"""Two web and two worker processes on PostgreSQL and Redis share the work; any one of them may be killed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from assistant.management.commands.worker import MOST_REQUESTS
from assistant.models import Draft, RelayCall, TriageChunk, TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import runs
from tests.assistant.sockets import Server, log_in, open_socket
from tests.assistant.triage.conftest import make_tickets  # noqa: F401
from tests.waiting import until
from tickets.models import Classification, Ticket, TicketEvent

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
PATIENCE = 90.0  # seconds; a busy machine is slow, and no reason to fail
TICKETS = 80  # each asked about alone
OUT = (MOST_REQUESTS, 8)  # requests that the two workers have out when one is killed


class Worker:
    """`manage.py worker`, with a relay of its own, so that who asked what is seen there."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.relay = SimulatedRelay(seed=5)
        self.relay.start()
        self.relay.hold()
        environ = environ | {"RELAY_BASE_URL": self.relay.base_url, "RELAY_RPM": "1000000"}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Fleet:
    """What runs: a draft that the first web process drives, a run that both workers are in the middle of."""

    def __init__(self, stack: ExitStack, relay: SimulatedRelay) -> None:
        self.relay = relay  # of drafts
        redis = re.sub(r"/\d+$", "", settings.REDIS_URL) + "/12"
        self.webs = [Server(relay.base_url, REDIS_URL=redis) for _ in range(2)]
        self.workers: list[Worker] = []
        for web in self.webs:
            web.start()
            stack.callback(web.kill)
        stack.callback(lambda: [worker.kill() for worker in self.workers])
        stack.callback(lambda: [worker.relay.stop() for worker in self.workers])

    def share_a_run(self) -> TriageRun:
        """The first worker has as many requests of it out as it may, the other the rest; none is answered yet."""
        run = runs.create_run(Ticket.objects.all(), user=None, batch_size=1, concurrency=sum(OUT))
        runs.start(run, now=timezone.now())
        for count in OUT:
            self.workers.append(worker := Worker(self.webs[0].environ))
            worker.relay.wait_until(lambda relay, count=count: relay.held == count, timeout=PATIENCE)
        return run

    def release(self) -> None:
        for relay in (self.relay, *(worker.relay for worker in self.workers)):
            relay.release()


@pytest.fixture
def fleet(transactional_db):
    with SimulatedRelay(seed=1) as relay, ExitStack() as stack:
        relay.hold(after_tokens=1)
        yield Fleet(stack, relay)


@pytest.mark.parametrize("victim", ["the web with the draft", "the other web", "a worker", "the other worker"])
def test_a_draft_and_a_run_are_shared_and_killing_any_one_process_loses_nothing(
    fleet, alice, carol, ticket, make_tickets, victim  # noqa: F811
):  # fmt: skip
    make_tickets(TICKETS - 1)
    run = fleet.share_a_run()
    with ExitStack() as stack:
        near, far = (stack.enter_context(open_page(web, ticket, alice)) for web in fleet.webs)
        counters = [stack.enter_context(open_page(web, run, carol)) for web in fleet.webs]
        assert [counter.until("run.progress")["pending"] for counter in counters] == [TICKETS, TICKETS]
        draft = near.draft()
        shown = near.until("draft.delta")["text"]
        assert far.until("draft.started")["draft"] == draft
        assert far.until("draft.delta", "draft.snapshot")["text"] == shown
        until(lambda: Draft.objects.get(pk=draft).text == shown)
        unanswered = kill(fleet, victim)
        fleet.release()
        let_leases_end(unanswered)
        living = [counter for counter, web in zip(counters, fleet.webs, strict=True) if web.process.poll() is None]
        for counter in living:
            while counter.until("run.progress")["state"] != "done":
                pass
        if victim == "the web with the draft":
            assert_the_text_is_kept(far, draft, shown)
        else:
            whole = assert_it_ends(near, draft, shown)
            again = fleet.webs[0] if victim == "the other web" else fleet.webs[1]
            assert_it_is_seen(stack.enter_context(open_page(again, ticket, alice)), draft, whole)
    assert_each_ticket_once(run, fleet, repeated=unanswered)


def open_page(web: Server, shown: Ticket | TriageRun, user):
    path = f"/ws/tickets/{shown.pk}/" if isinstance(shown, Ticket) else f"/ws/triage-runs/{shown.pk}/"
    return open_socket(web, path, log_in(user))


def kill(fleet: Fleet, victim: str) -> int:
    """Returns how many requests of the run die with it."""
    number = "other" in victim
    (fleet.workers if "worker" in victim else fleet.webs)[number].kill()
    return OUT[number] if "worker" in victim else 0


def let_leases_end(unanswered: int) -> None:
    """What the killed worker held is all that is left; a minute later."""
    if unanswered:
        open_chunks = TriageChunk.objects.exclude(state=TriageChunk.State.DONE)
        until(lambda: open_chunks.count() == unanswered)
        open_chunks.update(lease_until=timezone.now() - timedelta(seconds=1))


def assert_the_text_is_kept(far, draft: str, shown: str) -> None:
    """It ends as interrupted with its text, and a new one is a click away in the other process."""
    end = far.until("draft.failed")
    assert (end["draft"], end["error"]["code"], end["text"]) == (draft, "interrupted", shown)
    assert Draft.objects.get(pk=draft).state == Draft.State.INTERRUPTED
    fresh = far.draft()
    _, done = far.follow()
    assert done["text"] == Draft.objects.get(pk=fresh).text
    assert RelayCall.objects.get(draft=draft).state != RelayCall.State.SETTLED


def assert_it_ends(near, draft: str, shown: str) -> str:
    text, done = near.follow(shown, 1)
    assert (done["type"], done["draft"]) == ("draft.done", draft)
    assert text == done["text"] == Draft.objects.get(pk=draft).text
    return text


def assert_it_is_seen(page, draft: str, whole: str) -> None:
    page.send("draft.resume", draft=draft)
    assert page.until("draft.snapshot")["text"] == page.until("draft.done")["text"] == whole


def assert_each_ticket_once(run: TriageRun, fleet: Fleet, repeated: int) -> None:
    run.refresh_from_db()
    assert (run.state, run.classified, run.needs_human, run.failed) == ("done", TICKETS, 0, 0)
    for rows in (Classification.objects.all(), TicketEvent.objects.filter(kind="category")):
        assert set(Counter(rows.values_list("ticket", flat=True)).values()) == {1}
    assert Classification.objects.count() == TICKETS
    assert sum(worker.relay.requests for worker in fleet.workers) == TICKETS + repeated
    calls = Counter(RelayCall.objects.filter(run=run).values_list("state", flat=True))
    assert calls.pop("settled") == TICKETS == run.requests
    assert sum(calls.values()) == repeated  # told as "outcome unknown", never hidden
