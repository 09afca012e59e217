"""Several processes on one rate limit, by the clock of the relay they call."""

import time
from bisect import bisect_left

import pytest

from assistant import gateway
from assistant.relay.limits import Limit

pytestmark = pytest.mark.django_db(transaction=True)
RPM = 600
LIMIT = Limit.for_rpm(RPM)
LENGTHS = [5, pytest.param(90, marks=pytest.mark.soak)]


def arrivals(relay):
    return sorted(call.received for call in relay.books)


def most_in(times, seconds):
    """The most arrivals in any window of so many seconds."""
    return max(bisect_left(times, start + seconds) - number for number, start in enumerate(times))


def wait_for_all(relay, processes):
    """The limit is in use by everybody: each process has had the time to make a few calls."""
    relay.wait_until(lambda relay: relay.requests >= 5 * processes, timeout=60)


@pytest.mark.parametrize("seconds", LENGTHS)
def test_four_processes_use_a_shared_limit_and_never_exceed_it(relay, callers, seconds):
    relay.set(rpm=RPM)
    for _ in range(4):
        callers.start(RELAY_RPM=str(RPM))
    wait_for_all(relay, 4)
    before = time.monotonic()
    relay.wait_until(lambda relay: time.monotonic() >= before + seconds, timeout=seconds + 5)
    callers.kill()
    times = arrivals(relay)
    took = times[-1] - times[0]
    allowed = LIMIT.capacity - 1 + LIMIT.refill_per_second * took  # one token is for people
    assert took >= seconds
    assert 0.95 * allowed <= len(times) <= LIMIT.capacity + LIMIT.refill_per_second * took
    assert relay.totals["most_requests_in_60_s"] <= RPM
    assert most_in(times, 1.0) <= LIMIT.capacity + LIMIT.refill_per_second * 1.0 + 2  # two of them were late
    assert set(relay.totals["by_status"]) == {"200"}


@pytest.mark.parametrize("seconds", LENGTHS)
def test_people_wait_less_than_a_second_while_a_batch_takes_all_it_may(relay, callers, settings, seconds):
    settings.RELAY_RPM = RPM
    for _ in range(2):
        callers.start(4, RELAY_RPM=str(RPM))
    wait_for_all(relay, 2)
    slowest, asked, began = 0.0, 0, time.monotonic()
    while time.monotonic() < began + seconds:
        started = time.monotonic()
        route = gateway.route_request(use_case="report", user_waiting=True, prompt="What is the weather like?")
        gateway.complete(route, kind="test").settle()
        slowest = max(slowest, time.monotonic() - started)
        asked += 1
        relay.wait_until(lambda relay, seen=relay.requests: relay.requests > seen + 3)
    assert slowest < 1.0
    assert asked >= seconds
    assert relay.totals["most_requests_in_60_s"] <= RPM


@pytest.mark.parametrize("times", [2, pytest.param(30, marks=pytest.mark.soak)])
def test_nobody_calls_while_a_429_holds_everybody_back(relay, callers, times):
    for _ in range(4):
        callers.start(RELAY_RPM=str(RPM))
    wait_for_all(relay, 4)
    for _ in range(times):
        relay.script("rate_limit")  # Retry-After: 1
        refused = len(refusals(relay)) + 1
        relay.wait_until(lambda relay, wanted=refused: len(refusals(relay)) == wanted)
        seen = relay.requests
        relay.wait_until(lambda relay, seen=seen: relay.requests > seen + 8)
    received = arrivals(relay)
    for refusal in refusals(relay):
        under_way = refusal.received + 0.3  # sent before the pause was written down
        assert not [at for at in received if under_way < at < refusal.received + 1.0]


def refusals(relay):
    return [call for call in relay.books if call.status == 429]
