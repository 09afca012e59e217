from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assistant.costs import health
from assistant.costs.connection import try_connection
from assistant.models import RateBucket, RelayCall, RelayModel
from assistant.simulator import SimulatedRelay

pytestmark = pytest.mark.django_db
URL = "/admin/assistant/relay/"


@pytest.fixture
def relay(settings):
    with SimulatedRelay(port=0, seed=1) as relay:
        settings.RELAY_BASE_URL, settings.RELAY_RPM = relay.base_url, 600
        yield relay


@pytest.fixture
def page(client, carol, settings):
    client.force_login(carol)

    def show():
        html = client.get(URL).content.decode()
        assert settings.RELAY_API_KEY == "" or settings.RELAY_API_KEY not in html
        return html

    return show


@pytest.fixture
def press(client, page):
    def press(model="gpt-4.1"):
        response = client.post(reverse("relay-status"), {"model": model})
        assert response.status_code == 302
        return page()

    return press


def test_a_relay_nobody_has_used_says_so(page):
    html = page()
    assert "Never used" in html and "not asked yet" in html and "No answer was streamed" in html


def test_a_test_shows_models_round_trip_and_an_answer_that_is_in_the_ledger(relay, press, carol):
    RelayModel.objects.create(name="gone-model")
    html = press()
    row = RelayCall.objects.get()
    assert (row.kind, row.outcome, row.user, row.completion_tokens) == ("test", "ok", carol, 1)
    assert "all went well" in html and "GET /models" in html and "50 ms" in html
    assert "Fine" in html and "missing" in html and "simulated relay: its answers are made up" in html


def test_reloading_the_page_makes_no_call(relay, press, page):
    press()
    page()
    assert relay.requests == 1


def test_a_refused_key_is_told_in_the_providers_words_and_once_in_the_ledger(relay, press):
    relay.script("unauthorized")
    html = press()
    row = RelayCall.objects.get()
    assert row.outcome == "invalid_key" and relay.requests == 1
    assert "The last call failed" in html and "Check RELAY_API_KEY" in html and "Incorrect API key" in html


def test_a_429_is_told_and_pauses_the_bucket_for_all(relay, press):
    relay.script("rate_limit_bare")
    html = press()
    assert "after 1 answer 429" in html and "rate limit is reached" in html
    html = press()
    assert "the rate limit has room again in" in html and relay.requests == 1


def test_a_relay_that_is_not_there_is_told(page, press):
    html = press()
    assert "The last call failed" in html and "page-problem" in html
    assert RelayCall.objects.get().kind == "test"


def test_a_relay_that_does_not_answer_is_given_up_after_a_short_deadline(relay, carol):
    relay.hold()
    tested = try_connection("gpt-4.1", carol, timezone.now(), seconds=0.3)
    assert "No answer within" in tested.problems[0]
    row = RelayCall.objects.get()
    assert (row.outcome, row.state) == ("timeout", "unknown")
    relay.release()


def test_switched_off_or_without_a_key_nothing_is_sent(page, client, settings, relay):
    settings.AI_ENABLED = False
    assert "AI is switched off" in page() and "Test connection</button>" not in page()
    client.post(URL, {"model": "gpt-4.1"})
    assert "AI is switched off (AI_ENABLED=0)" in page()
    settings.AI_ENABLED, settings.RELAY_API_KEY = True, ""
    assert "No key is set" in page() and "not set" in page()
    client.post(URL, {"model": "gpt-4.1"})
    assert "put it into RELAY_API_KEY" in page() and relay.requests == 0


def test_only_an_enabled_model_is_tested(relay, press):
    assert "Choose one of the enabled models" in press("no-such-model")
    assert relay.requests == 0


def test_agents_cannot_test(relay, client, alice):
    client.force_login(alice)
    client.post(URL, {"model": "gpt-4.1"})
    assert relay.requests == 0


def test_the_address_is_shown_without_credentials(page, settings):
    settings.RELAY_BASE_URL = "https://user:pass-word@relay.example/v1"
    settings.RELAY_PROXY = "http://me:proxy-word@proxy.example:3128"
    html = page()
    assert "https://relay.example/v1" in html and "http://proxy.example:3128" in html
    assert "pass-word" not in html and "proxy-word" not in html


def test_the_last_error_stays_to_be_seen_after_things_went_well_again(call, page):
    call(
        timezone.now() - timedelta(hours=1),
        outcome="relay_error",
        error="Upstream <b>melted</b>.",
        request_id="req-7",
    )
    call(timezone.now())
    html = page()
    assert "Fine" in html and "Upstream &lt;b&gt;melted&lt;/b&gt;." in html and "req-7" in html


def test_a_stop_by_a_person_is_no_fault_of_the_relay(call):
    call(timezone.now() - timedelta(hours=1))
    call(timezone.now(), outcome="cancelled")
    assert health.health().status == "fine" and health.health().failed is None


def test_another_relays_calls_do_not_count(call, settings):
    call(timezone.now(), base_url="https://other.example/v1", ttft_ms=9)
    assert health.health().status == "never_used"
    assert health.first_token(timezone.now()).answers == 0


def test_time_to_first_token_by_nearest_rank_over_the_last_day(call):
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for ms in range(1, 101):
        call(now - timedelta(minutes=ms), ttft_ms=ms)
    call(now - timedelta(days=1, minutes=1), ttft_ms=90_000)
    call(now, ttft_ms=None)
    assert health.first_token(now) == health.FirstToken(100, 50, 95)


def test_rate_limit_waits(settings):
    settings.RELAY_RPM, now = 60, datetime(2026, 11, 23, 12, tzinfo=UTC)
    (state,) = health.rate_states(now)
    assert (state.ready, state.capacity, state.batch_wait, state.interactive_wait) == (5, 5, 0, 0)
    row = RateBucket.objects.create(key=settings.RELAY_BASE_URL, tokens=1, updated=now.timestamp())
    (state,) = health.rate_states(now)
    assert state.ready == 1 and state.interactive_wait == 0 and 1 < state.batch_wait < 1.2
    row.paused_until, row.pauses = now.timestamp() + 30, 2
    row.save()
    (state,) = health.rate_states(now)
    assert (state.ready, state.interactive_wait, state.pauses) == (0, 30, 2)
    assert state.paused_until == now + timedelta(seconds=30)


def test_interactive_calls_with_a_limit_of_their_own_have_their_own_row(settings, page):
    settings.RELAY_STREAM_RPM = 120
    batch, interactive = health.rate_states(timezone.now())
    assert (batch.interactive_wait, interactive.batch_wait) == (None, None)
    assert "Interactive calls" in page()


def test_the_page_makes_at_most_ten_queries(call, page, django_assert_max_num_queries):
    for n in range(30):
        call(timezone.now() - timedelta(minutes=n), outcome=("ok", "timeout")[n % 2], ttft_ms=n)
        RelayModel.objects.create(name=f"model-{n}")
    with django_assert_max_num_queries(10):
        page()
