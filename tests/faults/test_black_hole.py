"""A relay that takes everything and says nothing: a draft ends with an error in time, a chunk is asked again."""

from __future__ import annotations

import pytest
from django.utils import timezone

from assistant import gateway
from assistant.models import RelayCall, TriageChunk
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.simulator import SimulatedRelay
from assistant.triage import chunks, runs
from assistant.triage.work import Worker, process_chunk
from tests.assistant.triage.conftest import make_tickets  # noqa: F401
from tests.faults.proxy import Proxy
from tickets.models import Classification, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def relay(settings):
    with SimulatedRelay(seed=3) as relay, Proxy(relay.port) as proxy:
        settings.RELAY_BASE_URL = f"http://127.0.0.1:{proxy.port}/v1"
        settings.RELAY_DEADLINES = {"connect": 0.5, "first_token": 0.3, "silence": 0.3, "total": 0.5}
        settings.RELAY_RPM = 100_000
        yield proxy


def stream() -> str:
    route = gateway.route_request(use_case="chat", user_waiting=True, prompt="What is the weather like?")
    return "".join(getattr(item, "text", "") for item in gateway.client().stream(route.request(), Cancel()))


def test_a_stream_ends_at_its_deadline_and_the_next_one_is_whole(relay):
    relay.swallow()
    with pytest.raises(RelayError) as failed:
        stream()
    assert failed.value.code == "timeout" and failed.value.retryable
    relay.heal()
    relay.cut()
    assert stream()


def test_a_chunk_is_given_back_and_each_ticket_is_classified_once(relay, make_tickets):  # noqa: F811
    make_tickets(4)
    run = runs.create_run(Ticket.objects.all(), user=None, batch_size=4)
    runs.start(run, now=timezone.now())
    worker = Worker()
    worker.stop.set()  # no patience for further tries within the call
    relay.swallow()
    process_chunk(chunks.claim(timezone.now()), worker)
    chunk = TriageChunk.objects.get()
    assert chunk.state == TriageChunk.State.PENDING
    relay.heal()
    relay.cut()
    process_chunk(chunks.claim(chunk.next_at), Worker())
    run.refresh_from_db()
    assert (run.state, run.classified, run.failed) == ("done", 4, 0)
    assert Classification.objects.count() == 4
    assert sorted(RelayCall.objects.values_list("state", flat=True)) == ["settled", "unknown"]
