"""A relay's bad days through the gateway: every call is done or failed with a reason, and its row says which."""

import random
import socket
import threading
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.db.models.functions import Coalesce

from assistant import gateway, throttle
from assistant.models import RelayCall, Spending
from assistant.relay.errors import RelayError
from assistant.relay.types import Delta
from assistant.simulator import SimulatedRelay
from assistant.triage.parse import parse

from .asking import triage
from .asking_again import until_done

pytestmark = pytest.mark.django_db
TICKETS = [(f"Ticket {n}", f"I was charged twice for invoice {n}, please refund me.") for n in range(10)]
IDS = [f"t{n}" for n in range(1, 11)]
SLUGS = ["billing", "technical", "sales", "general"]
SCHEMA = {"type": "object", "properties": {"results": {"type": "array", "items": {"type": "object"}}}}
DEADLINES = {"connect": 0.4, "first_token": 0.5, "silence": 0.5, "total": 0.5}

# Fault: what becomes of a call when it strikes once, and when it stays.
PLAIN = {
    "rate_limit": ("ok", "rate_limited"),
    "rate_limit_bare": ("ok", "rate_limited"),
    "server_error": ("ok", "relay_error"),
    "unauthorized": ("invalid_key", "invalid_key"),
    "timeout": ("ok", "timeout"),
    "reset": ("ok", "relay_error"),
    "reset_inside": ("ok", "relay_error"),
    "invalid_json": ("relay_error", "relay_error"),
    "missing_result": ("ok", "ok"),
    "unknown_id": ("ok", "ok"),
    "duplicate_id": ("ok", "ok"),
    "wrong_label": ("ok", "ok"),
    "slow_drip": ("ok", "timeout"),
}
STREAMED = {
    **{fault: PLAIN[fault] for fault in list(PLAIN)[:6]},
    "reset_inside": ("interrupted", "interrupted"),
    "invalid_json": ("relay_error", "relay_error"),
    "stall": ("interrupted", "interrupted"),
    "no_end": ("truncated", "truncated"),
}
SPOILT = {"missing_result", "unknown_id", "duplicate_id", "wrong_label"}
RUNS = [3, pytest.param(50, marks=pytest.mark.soak)]


class Clock:
    """Time that waits move instead of taking any."""

    now = 1_800_000_000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Stop(threading.Event):
    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def wait(self, timeout=None):
        self.clock.sleep(timeout)
        return self.is_set()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def relay(settings):
    with SimulatedRelay(seed=7, drip_ms=1) as relay:
        settings.RELAY_BASE_URL, settings.RELAY_RPM = relay.base_url, 100_000
        settings.RELAY_DEADLINES = DEADLINES
        yield relay


@pytest.fixture(params=["once", "always"])
def strike(request, relay):
    """strike(fault) makes the next call meet it, once or whenever it asks (`strike.stays`)."""

    def strike(fault):
        if request.param == "once":
            relay.script(fault)
        else:
            relay.set(faults={fault: 1.0})

    strike.stays = request.param == "always"
    return strike


def labels(clock, **changes):
    route = gateway.route_request(use_case="batch", user_waiting=False, messages=triage(*TICKETS))
    return gateway.complete(
        route, kind="triage", schema=SCHEMA, clock=clock, stop=Stop(clock), rng=random.Random(1), **changes
    )


def write(clock, shown):
    """A streamed answer with the steps a draft takes: wait, ask, and ask again only while nothing was shown."""
    route = gateway.route_request(use_case="writing", user_waiting=True, prompt="Where is my order 4711?")
    call = gateway.reserve(route, kind="draft")

    def read():
        while wait := throttle.take(route.lane, clock()):
            clock.sleep(wait)
        shown.append("")
        for item in gateway.client().stream(route.request()):
            if isinstance(item, Delta):
                shown[-1] += item.text
        return item

    def hold_back(error):
        if error.status == 429 and error.retryable:
            throttle.pause_for(error, route.lane, clock())

    try:
        end, attempts = until_done(read, sleep=clock.sleep, rng=random.Random(1), on_error=hold_back)
    except RelayError as error:
        gateway.settle_failure(call, error, attempts=len(shown), prompt=route.prompt, text=shown[-1])
        raise
    gateway.settle(call, end, attempts=attempts, prompt=route.prompt, text=shown[-1])


def assert_books_add_up():
    rows = RelayCall.objects.all()
    assert not rows.filter(state="reserved").exists()
    assert not rows.filter(outcome="").exists()
    counted = rows.aggregate(total=Sum(Coalesce("cost", "reserved_cost")))["total"]
    assert Spending.objects.get().amount == counted.quantize(Decimal("1e-10"))


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("fault", PLAIN)
def test_a_plain_call_ends_whole_or_with_a_reason(relay, clock, strike, fault, runs):
    whole = labels(clock)
    whole.settle()
    expected = PLAIN[fault][strike.stays]
    for _ in range(1 if strike.stays and runs == 3 else runs):
        strike(fault)
        try:
            answer = labels(clock)
        except RelayError as error:
            assert (error.code, bool(error.message)) == (expected, True)
        else:
            assert expected == "ok"
            answer.settle()
            assert fault in SPOILT or answer.result.text == whole.result.text
            assert_every_ticket_is_labelled_or_known_to_be_missing(answer.result.text, fault)
    assert_books_add_up()
    assert relay.requests == sum(RelayCall.objects.values_list("attempts", flat=True))


def assert_every_ticket_is_labelled_or_known_to_be_missing(text, fault):
    parsed = parse(text, IDS, SLUGS)
    assert set(parsed.results) | set(parsed.missing) == set(IDS)
    assert not set(parsed.results) & set(parsed.missing)
    assert all(result.category in SLUGS for result in parsed.results.values())
    assert len(parsed.missing) == (1 if fault in SPOILT else 0)
    assert all(parsed.missing.values())


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("fault", STREAMED)
def test_a_stream_ends_whole_or_with_a_reason_and_text_is_never_spliced(relay, clock, strike, fault, runs):
    shown = []
    write(clock, shown)
    (whole,) = shown
    expected = STREAMED[fault][strike.stays]
    for _ in range(1 if strike.stays and runs == 3 else runs):
        strike(fault)
        shown = []
        try:
            write(clock, shown)
        except RelayError as error:
            assert (error.code, bool(error.message)) == (expected, True)
            assert error.text_shown is bool(shown[-1])
        else:
            assert expected == "ok"
            assert shown[-1] == whole
        assert whole.startswith(shown[-1])
        assert not any(shown[:-1]), "Text that was shown has been asked for again."
    assert_books_add_up()


@pytest.mark.parametrize("runs", RUNS)
def test_a_host_that_takes_no_connection_costs_nothing(settings, clock, full_port, runs):
    settings.RELAY_BASE_URL = f"http://127.0.0.1:{full_port}/v1"
    settings.RELAY_RPM, settings.RELAY_DEADLINES = 100_000, {**DEADLINES, "connect": 0.1}
    for _ in range(runs):
        with pytest.raises(RelayError, match="could not be reached within 0") as failed:
            labels(clock)
        assert (failed.value.code, failed.value.attempts) == ("timeout", 4)
    assert Spending.objects.get().amount == 0
    assert_books_add_up()


@pytest.fixture
def full_port():
    """A port whose backlog is full, so that connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


def test_a_port_where_nobody_listens_costs_nothing(settings, clock):
    settings.RELAY_RPM = 100_000
    with pytest.raises(RelayError, match="Connection refused"):
        labels(clock)
    row = RelayCall.objects.get()
    assert (row.state, row.cost, row.attempts) == ("settled", 0, 4)


def test_a_request_nobody_answered_keeps_its_own_row(relay, clock):
    relay.script("timeout", "server_error", "reset", "ok")
    answer = labels(clock)
    answer.settle()
    assert answer.attempts == 4
    rows = RelayCall.objects.order_by("pk").values_list("state", "outcome", "attempts")
    assert list(rows) == [("unknown", "timeout", 1), ("unknown", "relay_error", 2), ("settled", "ok", 1)]
    assert_books_add_up()


def test_a_budget_ends_the_retries_of_requests_that_may_have_cost(relay, clock, settings):
    settings.MONTHLY_BUDGET_USD = Decimal("0.01")
    relay.set(faults={"reset": 1.0})
    with pytest.raises(RelayError, match="broke") as failed:
        labels(clock)
    worst = RelayCall.objects.first().reserved_cost
    assert failed.value.attempts == RelayCall.objects.count() == settings.MONTHLY_BUDGET_USD // worst
    assert Spending.objects.get().amount <= settings.MONTHLY_BUDGET_USD
    assert_books_add_up()
