"""Which failures are tried again, after how long, and how often."""

import random

import pytest

from assistant.relay.client import RelayError
from assistant.relay.retry import delay_before_retry

from ..asking_again import until_done
from .upstream import Upstream, completion


def error(retryable=True, **more):
    return RelayError("relay_error", "It failed.", retryable=retryable, **more)


@pytest.mark.parametrize(("attempt", "base"), [(1, 1), (2, 2), (3, 4)])
def test_waits_double_and_have_jitter(attempt, base):
    delays = {delay_before_retry(error(), attempt, random.Random(seed)) for seed in range(50)}
    assert len(delays) > 40
    assert base <= min(delays) <= max(delays) <= base * 1.25


def test_there_are_at_most_four_calls_in_all():
    assert delay_before_retry(error(), 3, random.Random(1)) is not None
    assert delay_before_retry(error(), 4, random.Random(1)) is None
    assert delay_before_retry(error(retry_after=1.0), 4, random.Random(1)) is None


@pytest.mark.parametrize(("hint", "delay"), [(0.0, 0.0), (0.25, 0.25), (7.0, 7.0), (120.0, 120.0), (120.5, None)])
def test_the_hint_comes_before_our_own_wait_unless_it_is_for_someone_to_see(hint, delay):
    assert delay_before_retry(error(retry_after=hint), 1, random.Random(1)) == delay


@pytest.mark.parametrize("final", [error(False), error(False, retry_after=1.0), error(text_shown=True)])
def test_what_is_final_is_not_tried_again(final):
    assert delay_before_retry(final, 1, random.Random(1)) is None


def test_a_bad_day_over_a_real_socket_ends_well(connect, request_):
    waits = []
    scripts = [
        lambda p: p.answer(429, "slow down", retry_after_ms="1500"),
        lambda p: p.reset(),
        lambda p: p.answer(502, "<html>Bad gateway", content_type="text/html"),
        lambda p: p.answer(200, completion("At last")),
    ]
    with Upstream(*scripts) as upstream:
        client = connect(upstream.url)
        answer, calls = until_done(lambda: client.complete(request_), sleep=waits.append, rng=random.Random(1))
    assert (answer.text, calls) == ("At last", 4)
    assert waits[0] == 1.5
    assert 2 <= waits[1] <= 2.5
    assert 4 <= waits[2] <= 5
