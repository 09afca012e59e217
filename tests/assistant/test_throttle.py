import pytest

from assistant import throttle
from assistant.models import RateBucket, TriageRun
from assistant.relay.errors import RelayError

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000.0


def burst(lane, now, run=None, most=100):
    """How many calls may leave at one moment."""
    taken = 0
    while taken < most and throttle.take(lane, now, run) == 0.0:
        taken += 1
    return taken


def test_batch_leaves_a_token_for_people(settings):
    settings.RELAY_RPM = 60
    assert burst("batch", NOW) == 4
    assert burst("interactive", NOW) == 1
    assert throttle.take("interactive", NOW) > 0


def test_no_minute_sees_more_than_the_limit(settings):
    settings.RELAY_RPM = 60
    taken = [at / 10 for at in range(1800) for _ in range(burst("interactive", NOW + at / 10))]
    assert all(sum(start <= at < start + 60 for at in taken) <= 60 for start in taken)
    assert len(taken) >= 0.9 * 55 * 3


def test_streams_may_have_a_limit_of_their_own(settings):
    settings.RELAY_RPM, settings.RELAY_STREAM_RPM = 60, 12
    assert burst("batch", NOW) == 5
    assert burst("interactive", NOW) == 1


def test_a_run_s_own_limit_holds_beside_the_shared_one(settings):
    settings.RELAY_RPM = 600
    run = TriageRun.objects.create(model="m", prompt_version="1", batch_size=20, concurrency=4, rpm=1)
    assert burst("batch", NOW, run) == 1
    assert throttle.take("batch", NOW, run) > 50
    assert burst("batch", NOW) == 3


def test_a_429_holds_everybody_back_for_as_long_as_the_provider_says(settings):
    settings.RELAY_RPM = 600
    throttle.pause_for(RelayError("rate_limited", "slow", status=429, retry_after=7.0), "batch", NOW)
    assert 6.5 < throttle.take("batch", NOW) <= 7
    assert 6.5 < throttle.take("interactive", NOW) <= 7
    assert throttle.take("interactive", NOW + 7.1) == 0.0


def test_calls_refused_together_pause_once(settings):
    settings.RELAY_RPM = 600
    bare = RelayError("rate_limited", "slow", status=429)
    for late in range(5):
        throttle.pause_for(bare, "batch", NOW + late / 10)
    bucket = RateBucket.objects.get()
    assert (bucket.pauses, bucket.paused_until) == (1, NOW + 15)
    throttle.pause_for(RelayError("rate_limited", "slow", status=429, retry_after=40.0), "batch", NOW + 1)
    throttle.pause_for(RelayError("rate_limited", "slow", status=429, retry_after=2.0), "batch", NOW + 2)
    bucket.refresh_from_db()
    assert (bucket.pauses, bucket.paused_until) == (1, NOW + 41)


@pytest.mark.parametrize("rpm", [1, 5])
def test_slow_limits_hold_in_every_minute_and_are_used(settings, rpm):
    settings.RELAY_RPM = rpm
    hour, now, sent = NOW + 3600, NOW, []
    while now < hour:
        wait = throttle.take("batch", now)
        if not wait:
            sent.append(now)
        now += wait
    assert all(sum(start <= at < start + 60 for at in sent) <= rpm for start in sent)
    assert len(sent) >= 0.95 * rpm * 60


def test_pauses_without_a_hint_grow_until_an_answer_comes():
    bare = RelayError("rate_limited", "slow", status=429)
    pauses = [throttle.pause_for(bare, "batch", NOW + 1000 * step) for step in range(4)]
    assert pauses == [15, 30, 60, 60]
    throttle.answered("batch")
    assert RateBucket.objects.get().pauses == 0
    assert throttle.pause_for(bare, "batch", NOW + 9000) == 15
