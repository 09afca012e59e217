"""No minute sees more calls than allowed, on a clock that is made up."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.relay.errors import RelayError
from assistant.relay.limits import Bucket, Limit, pause_seconds, take

RPMS = [1, 5, 12, 23, 60, 600]
START = 1_790_000_000.0  # an epoch of today's size: that is where floats are coarse


def full(limit, now=START):
    return Bucket(float(limit.capacity), now)


def most_in_a_window(times, window=60.0):
    """The largest number of calls within any `window` seconds, both ends included."""
    first = most = 0
    for last, time in enumerate(times):
        while time - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize(
    ("rpm", "capacity", "refill"),
    [(12, 1, 11 / 60), (23, 1, 22 / 60), (24, 2, 22 / 60), (60, 5, 55 / 60), (600, 5, 595 / 60), (1, 1, 1 / 61)],
)
def test_burst_and_refill_share_what_is_allowed(rpm, capacity, refill):
    assert Limit.for_rpm(rpm) == Limit(capacity, pytest.approx(refill))


@pytest.mark.parametrize("rpm", [0, -1])
def test_a_limit_below_one_call_a_minute_is_refused(rpm):
    with pytest.raises(ValueError, match="at least 1"):
        Limit.for_rpm(rpm)


asks = st.tuples(
    st.one_of(st.just(None), st.floats(0, 90), st.floats(0, 0.5)),  # None: as soon as the wait is over
    st.sampled_from(["batch", "interactive"]),
)


@pytest.mark.parametrize("rpm", RPMS)
@settings(max_examples=60, deadline=None)
@given(st.lists(asks, min_size=1, max_size=80), st.integers(1, 8))
def test_no_window_sees_more_than_allowed(rpm, asks, repeat):
    limit = Limit.for_rpm(rpm)
    bucket, now, taken, wait = full(limit), START, [], 0.0
    for step, lane in asks * repeat:
        now += wait if step is None else step
        bucket, wait = take(bucket, limit, now, lane)
        if wait == 0.0:
            taken.append(now)
    assert most_in_a_window(taken) <= rpm


@pytest.mark.parametrize("rpm", RPMS)
def test_greedy_callers_get_almost_all_that_is_allowed_and_never_more(rpm):
    limit = Limit.for_rpm(rpm)
    bucket, now, taken = full(limit), START, []
    while now < START + 1800:
        bucket, wait = take(bucket, limit, now, "interactive")
        if wait == 0.0:
            taken.append(now)
        now += wait
    assert most_in_a_window(taken) <= rpm
    assert len(taken) >= 0.9 * rpm * 30


@pytest.mark.parametrize("rpm", RPMS)
def test_calls_that_travel_unequally_long_stay_within_the_window(rpm):
    limit = Limit.for_rpm(rpm)
    bucket, now, arrived, delay = full(limit), START, [], 0.08
    while now < START + 400:
        bucket, wait = take(bucket, limit, now, "interactive")
        if wait == 0.0:
            arrived.append(now + delay)
            delay = 0.08 - delay
        now += wait
    assert most_in_a_window(sorted(arrived), 59.999) <= rpm


@given(st.sampled_from(RPMS), st.floats(0, 5), st.floats(-100, 100), st.sampled_from(["batch", "interactive"]))
def test_the_wait_is_how_long_it_takes(rpm, tokens, step, lane):
    limit = Limit.for_rpm(rpm)
    bucket = Bucket(min(tokens, limit.capacity), START)
    now = START + step
    unchanged, wait = take(bucket, limit, now, lane)
    if wait:
        assert unchanged == bucket
        assert take(bucket, limit, now + wait + 1e-3, lane)[1] == 0.0


def test_a_taken_token_is_gone():
    limit = Limit.for_rpm(60)
    bucket = full(limit)
    for left in (4, 3, 2, 1, 0):
        bucket, wait = take(bucket, limit, START, "interactive")
        assert (wait, bucket.tokens) == (0.0, left)
    assert take(bucket, limit, START, "interactive")[1] == pytest.approx(60 / 55)


def test_the_batch_leaves_one_token_to_people():
    limit = Limit.for_rpm(60)
    bucket = full(limit)
    for _ in range(4):
        bucket, wait = take(bucket, limit, START, "batch")
        assert wait == 0.0
    assert take(bucket, limit, START, "batch") == (bucket, pytest.approx(60 / 55))
    assert take(bucket, limit, START, "interactive")[1] == 0.0


def test_people_wait_little_while_a_batch_saturates():
    limit = Limit.for_rpm(60)
    bucket, now, waits = full(limit), START, []
    for second in range(300):
        bucket, _ = take(bucket, limit, now, "batch")
        if second % 10 == 5:
            bucket, wait = take(bucket, limit, now, "interactive")
            waits.append(wait)
        now += 0.37
    assert max(waits) == 0.0


def test_with_a_capacity_of_one_both_lanes_share_it():
    limit = Limit.for_rpm(5)
    bucket, wait = take(full(limit), limit, START, "batch")
    assert wait == 0.0
    assert take(bucket, limit, START, "interactive")[1] == pytest.approx(61 / 5)


def test_a_pause_holds_both_lanes():
    limit = Limit.for_rpm(600)
    bucket = replace(full(limit), paused_until=START + 30)
    for lane in ("batch", "interactive"):
        assert take(bucket, limit, START, lane) == (bucket, 30.0)
        assert take(bucket, limit, START + 29, lane) == (bucket, 1.0)
        assert take(bucket, limit, START + 30, lane)[1] == 0.0


@pytest.mark.parametrize(("consecutive", "seconds"), [(0, 15), (1, 15), (2, 30), (3, 60), (9, 60)])
def test_a_pause_without_a_hint_grows(consecutive, seconds):
    assert pause_seconds(RelayError("rate_limited", "Slow down."), consecutive) == seconds


def test_a_pause_is_as_long_as_the_hint():
    assert pause_seconds(RelayError("rate_limited", "Slow down.", retry_after=4.5), 3) == 4.5


def test_processes_whose_clocks_differ_do_not_refill_twice():
    limit = Limit.for_rpm(60)
    bucket, taken = full(limit), 0
    for step in range(600):  # two processes in turn, one a second ahead, over 60 s
        bucket, wait = take(bucket, limit, START + step / 10 + step % 2, "interactive")
        taken += wait == 0.0
    assert taken <= 61


def test_a_clock_set_back_by_an_hour_stops_nobody():
    limit = Limit.for_rpm(60)
    bucket, wait = take(Bucket(0.0, START), limit, START - 3600, "interactive")
    assert (bucket, wait) == (Bucket(4.0, START - 3600), 0.0)
