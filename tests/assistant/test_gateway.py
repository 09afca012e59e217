import json
import random
import threading

import pytest

from assistant import gateway
from assistant.models import RelayCall, RelayFormat
from assistant.relay.errors import RelayError
from assistant.simulator import SimulatedRelay

pytestmark = pytest.mark.django_db
SCHEMA = {"type": "object", "properties": {"results": {"type": "array", "items": {"type": "object"}}}}


class Clock:
    """Time that only waits move."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


class Stop(threading.Event):
    """Stands in for the worker's stop event: waiting moves the clock instead of the wall's."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.waits = clock, []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        self.clock.now += timeout
        return self.is_set()


@pytest.fixture
def relay(settings):
    with SimulatedRelay(port=0, seed=1) as relay:
        settings.RELAY_BASE_URL, settings.RELAY_RPM = relay.base_url, 600
        yield relay


@pytest.fixture
def clock():
    return Clock()


def complete(clock, stop=None, schema=None, **changes):
    route = gateway.route_request(use_case="batch", user_waiting=False, prompt="Say something about invoices.")
    return gateway.complete(
        route, kind="triage", clock=clock, stop=stop or Stop(clock), rng=random.Random(1), schema=schema, **changes
    )


@pytest.mark.parametrize(
    ("use_case", "waiting", "streams"),
    [
        *[(name, True, True) for name in ("chat", "writing", "coding", "interactive", "anything else")],
        *[(name, False, False) for name in ("chat", "writing", "coding", "interactive", "anything else")],
        *[(name, waiting, False) for name in ("batch", "report", "export", "bulk") for waiting in (True, False)],
    ],
)
def test_an_answer_streams_when_somebody_waits_and_it_is_no_bulk_work(use_case, waiting, streams):
    assert gateway.should_stream(use_case, waiting) is streams


def test_batch_and_stream_have_their_own_defaults():
    batch = gateway.route_request(use_case="batch", user_waiting=False, prompt="x")
    stream = gateway.route_request(use_case="writing", user_waiting=True, prompt="x")
    assert (batch.model, batch.temperature, batch.max_tokens, batch.lane) == ("deepseek-v3.2", 0.3, 4000, "batch")
    assert (stream.model, stream.temperature, stream.max_tokens, stream.lane) == ("gpt-4.1", 0.7, 2000, "interactive")


def test_aliases_become_their_model_and_unknown_names_pass_through():
    def resolved(name):
        return gateway.route_request(use_case="batch", user_waiting=False, prompt="x", model=name).model

    assert resolved("gpt-4") == "gpt-4.1"
    assert resolved("deepseek-chat") == "deepseek-v3.2"
    assert resolved("somebody/else-7b") == "somebody/else-7b"


def test_an_answer_is_settled_with_the_tokens_the_relay_reported(relay, clock):
    answer = complete(clock)
    cost = answer.settle()
    row, booked = RelayCall.objects.get(), relay.books[-1]
    assert (row.prompt_tokens, row.completion_tokens) == (booked.prompt_tokens, booked.completion_tokens)
    assert row.cost == cost > 0 and row.simulated and row.attempts == 1


def test_a_failure_that_may_pass_is_tried_again_with_growing_waits(relay, clock):
    relay.script("server_error", "reset", "unavailable", "ok")
    stop = Stop(clock)
    answer = complete(clock, stop)
    assert answer.attempts == 4 and len(relay.books) == 4
    assert [int(wait) for wait in stop.waits if wait >= 1] == [1, 2, 4]


def test_four_calls_are_the_most(relay, clock):
    relay.script(*["server_error"] * 5)
    with pytest.raises(RelayError) as failed:
        complete(clock)
    assert failed.value.attempts == 4 and len(relay.books) == 4
    assert RelayCall.objects.get().attempts == 4


def test_a_wrong_key_is_told_in_the_providers_words_and_not_tried_again(relay, clock):
    relay.script("unauthorized")
    with pytest.raises(RelayError) as failed:
        complete(clock)
    row = RelayCall.objects.get()
    assert failed.value.code == row.outcome == "invalid_key" and len(relay.books) == 1
    assert failed.value.provider_message in row.error


def test_a_429_pauses_and_the_call_goes_through_after_it(relay, clock):
    relay.script("rate_limit_bare", "ok")
    waits = []
    answer = complete(clock, on_wait=lambda seconds, why: waits.append((why, seconds)))
    assert answer.attempts == 2
    assert max(seconds for _, seconds in waits) == pytest.approx(15, abs=0.1)


def test_a_refused_response_format_is_weakened_once_and_remembered(relay, clock):
    relay.script("no_json_schema")
    answer = complete(clock, schema=SCHEMA)
    assert answer.attempts == 2
    assert RelayFormat.objects.get().level == "json_object"
    complete(clock, schema=SCHEMA)
    assert len(relay.books) == 3


def test_a_stop_ends_the_wait_for_the_rate_limit(relay, clock, settings):
    settings.RELAY_RPM = 1
    complete(clock)
    stop = Stop(clock)
    stop.set()
    with pytest.raises(RelayError) as failed:
        complete(clock, stop)
    assert failed.value.code == "cancelled" and len(relay.books) == 1
    assert RelayCall.objects.filter(state="settled", outcome="cancelled", cost=0).count() == 1


def test_the_key_is_nowhere_in_what_is_kept(relay, clock, settings):
    relay.script("unauthorized", "html", "unprocessable")
    for _ in range(3):
        with pytest.raises(RelayError) as failed:
            complete(clock)
        assert settings.RELAY_API_KEY not in repr(failed.value) + str(failed.value)
    assert settings.RELAY_API_KEY not in json.dumps(list(RelayCall.objects.values()), default=str)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_never_exceed_a_budget(relay, settings):
    from decimal import Decimal

    from django.db import connections

    from assistant.models import Spending

    settings.MONTHLY_BUDGET_USD = Decimal("0.02")
    route = gateway.route_request(use_case="batch", user_waiting=False, prompt="x" * 2000, max_tokens=2000)

    def spend():
        try:
            for _ in range(10):
                gateway.reserve(route, kind="triage")
        except gateway.AIUnavailable:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = Spending.objects.get().amount
    worst = RelayCall.objects.first().reserved_cost
    assert settings.MONTHLY_BUDGET_USD - worst < spent <= settings.MONTHLY_BUDGET_USD
    assert RelayCall.objects.count() == spent / worst
