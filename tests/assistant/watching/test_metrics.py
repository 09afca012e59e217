"""What Prometheus is told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from assistant.metrics import LedgerTotals, Sums
from assistant.models import RateBucket, RelayCall, Spending, Tally, TriageChunk, TriageRun

pytestmark = pytest.mark.django_db


def call(**fields) -> RelayCall:
    values = {"kind": "draft", "model": "gpt-4.1", "state": "settled", "outcome": "ok", "cost": Decimal("0.002")}
    return RelayCall.objects.create(**{**values, **fields})


@pytest.fixture
def scraped(client):
    def scrape() -> dict[tuple, float]:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return scrape


def test_tokens_cost_and_first_tokens_are_those_of_the_ledger(scraped):
    call(prompt_tokens=100, cached_tokens=40, completion_tokens=20, ttft_ms=90)
    call(prompt_tokens=11, completion_tokens=2, ttft_ms=600)
    call(outcome="timeout", cost=None, state="unknown")
    seen = scraped()
    assert seen["collie_relay_calls_total", "draft", "gpt-4.1", "ok"] == 2
    assert seen["collie_relay_calls_total", "draft", "gpt-4.1", "timeout"] == 1
    assert seen["collie_relay_tokens_total", "draft", "gpt-4.1", "prompt"] == 111
    assert seen["collie_relay_tokens_total", "cached", "draft", "gpt-4.1"] == 40
    assert seen["collie_relay_cost_usd_total", "draft", "gpt-4.1"] == pytest.approx(0.004)
    buckets = {name[1]: value for name, value in seen.items() if name[0] == "collie_relay_first_token_seconds_bucket"}
    assert (buckets["0.05"], buckets["0.1"], buckets["1.0"], buckets["+Inf"]) == (0, 1, 2, 2)
    assert seen["collie_relay_first_token_seconds_sum", "draft", "gpt-4.1"] == pytest.approx(0.69)


def test_the_queue_limits_and_budget_are_told(scraped, settings):
    settings.MONTHLY_BUDGET_USD = Decimal(50)
    now = timezone.now()
    run = TriageRun.objects.create(state="running", model="deepseek-v3.2", batch_size=20, concurrency=4)
    TriageChunk.objects.create(run=run, next_at=now - timedelta(seconds=30))
    TriageChunk.objects.create(run=run, state="leased", lease_until=now)
    Tally.add(Tally.Name.LEASE_EXPIRED, 3)
    Tally.add(Tally.Name.RATE_LIMIT_WAIT, seconds=1.5)
    Tally.add(Tally.Name.RATE_LIMIT_WAIT, seconds=2.5)
    RateBucket.objects.create(key="x", tokens=1, updated=0, paused_until=now.timestamp() + 60)
    Spending.objects.create(period=Spending.month(now), amount=Decimal("12.5"))
    seen = scraped()
    assert (seen["collie_triage_chunks", "pending"], seen["collie_triage_chunks", "leased"]) == (1, 1)
    assert seen["collie_triage_oldest_due_seconds",] >= 30
    assert seen["collie_triage_runs", "running"] == 1
    assert seen["collie_lease_expiries_total",] == 3
    assert (seen["collie_rate_limit_waits_total",], seen["collie_rate_limit_wait_seconds_total",]) == (2, 4)
    assert 0 < seen["collie_rate_limit_pause_seconds",] <= 60
    assert (seen["collie_budget_spent_usd",], seen["collie_budget_limit_usd",]) == (12.5, 50)
    assert {("collie_sockets",), ("collie_drafts_running",)} <= seen.keys()


def test_the_totals_stay_right_while_old_calls_are_settled_late():
    totals, now = LedgerTotals(), timezone.now()
    old = call(created=now - timedelta(hours=5), state="reserved", outcome="", cost=None)
    call(created=now - timedelta(hours=6))
    call(created=now - timedelta(hours=2))
    ok, open_ = ("draft", "gpt-4.1", "ok"), ("draft", "gpt-4.1", "reserved")
    assert (totals.read(now)[ok].calls, totals.read(now)[open_].calls) == (2, 1)
    RelayCall.objects.filter(pk=old.pk).update(state="settled", outcome="ok", cost=Decimal("0.1"))
    call()
    seen = totals.read(now + timedelta(hours=3))
    assert seen[ok].calls == 4 and seen.get(open_, Sums()).calls == 0
    assert seen[ok].cost == Decimal("0.106")
    assert totals.read(now + timedelta(hours=9)) == seen


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 200),
        ("", {"X-Forwarded-For": "203.0.113.7"}, 403),
        ("s3cret", {}, 403),
        ("s3cret", {"Authorization": "Bearer s3cret"}, 200),
        ("s3cret", {"Authorization": "Bearer wrong"}, 403),
        ("s3cret", {"Authorization": "Bearer é"}, 403),
    ],
)
def test_only_this_machine_or_who_has_the_token_may_scrape(client, settings, token, headers, status):
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers=headers).status_code == status


def test_strangers_may_not_scrape(client):
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code == 403


def test_scraping_takes_the_same_few_queries_whatever_there_is(client, django_assert_max_num_queries):
    for n in range(30):
        call(model=f"model-{n}", ttft_ms=n)
    with django_assert_max_num_queries(10):
        client.get("/metrics")
