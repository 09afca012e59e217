"""What a run costs, and the limits that it keeps."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from assistant.models import RelayCall, RelayPrice, TriageRun
from assistant.pricing import cost_of
from assistant.relay.types import Usage
from assistant.triage import chunks, runs
from assistant.triage.work import process_chunk

pytestmark = pytest.mark.django_db


def test_the_ledger_holds_the_tokens_the_relay_counted_and_costs_them_to_the_last_digit(bench, make_tickets, relay):
    make_tickets(30)
    relay.script("missing_result", "server_error_final", "rate_limit_ms")
    run = bench.run(batch_size=7)
    usage = [(call.prompt_tokens, call.completion_tokens) for call in relay.books if call.status == 200]
    prompt, completion = sum(u[0] for u in usage), sum(u[1] for u in usage)
    price = RelayPrice.objects.get(model__name="deepseek-v3.2")
    expected = sum(cost_of(Usage(*counted), price) for counted in usage)
    assert (run.prompt_tokens, run.completion_tokens, run.cost) == (prompt, completion, expected)
    calls = RelayCall.objects.filter(run=run)
    assert sum(call.cost or Decimal(0) for call in calls) == expected
    assert sum(call.attempts for call in calls) == run.requests == relay.requests
    assert not calls.filter(state=RelayCall.State.RESERVED).exists()


def test_the_run_bears_its_persons_budget(bench, make_tickets, carol: User, settings):
    make_tickets(40)
    settings.USER_DAILY_BUDGET_USD = Decimal("0.0000001")
    run = bench.run(user=carol)
    assert (run.state, run.paused_by, run.classified, run.failed) == ("paused", "budget", 0, 0)
    assert "daily" in run.pause_reason
    settings.USER_DAILY_BUDGET_USD = None
    runs.resume(run)
    assert bench.drain(run).classified == 40


def test_a_run_never_costs_more_than_its_limit(bench, make_tickets):
    make_tickets(200)
    run = bench.run(batch_size=5, max_cost=Decimal("0.008"))
    assert (run.state, run.paused_by) == ("paused", "budget")
    assert 0 < run.classified < 200
    assert run.cost <= Decimal("0.008")
    assert run.reserved == 0
    assert "0.008 USD" in run.pause_reason
    runs.resume(run, max_cost=Decimal(1))
    assert bench.drain(run).classified == 200


def test_a_limit_that_other_calls_still_hold_makes_a_chunk_wait_and_not_the_run_pause(bench, make_tickets):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    TriageRun.objects.update(reserved=Decimal("0.007"))
    other = chunks.claim(bench.clock())
    assert bench.step()
    run.refresh_from_db()
    assert (run.state, run.classified) == ("running", 0)
    TriageRun.objects.update(reserved=0)
    process_chunk(other, bench.worker)
    assert bench.drain(run).classified == 10


def test_what_a_dead_worker_had_set_aside_comes_back_where_no_call_of_its_left(bench, make_tickets):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    chunks.claim(bench.clock())
    TriageRun.objects.update(reserved=Decimal("0.007"))
    bench.clock.advance(chunks.LEASE_SECONDS + 1)
    assert bench.drain(run).classified == 10
    assert (run.state, run.reserved) == ("done", 0)


@pytest.mark.parametrize("state", [RelayCall.State.RESERVED, RelayCall.State.UNKNOWN])
def test_what_may_have_been_billed_to_a_dead_worker_keeps_counting(bench, make_tickets, relay, state):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    RelayCall.objects.create(kind="triage", model=run.model, run=run, state=state, reserved_cost=Decimal("0.007"))
    TriageRun.objects.update(reserved=Decimal("0.007"))
    bench.drain(run)
    assert (run.state, run.paused_by, run.reserved) == ("paused", "budget", Decimal("0.007"))
    assert relay.requests == 0


def test_an_answer_that_we_failed_to_keep_still_counts_against_the_limit(bench, make_tickets, monkeypatch):
    make_tickets(10)
    monkeypatch.setattr("assistant.triage.work.parse", lambda *args: 1 / 0)
    run = bench.run(batch_size=10, max_cost=Decimal("0.008"))
    unsettled = [call.reserved_cost for call in RelayCall.objects.filter(state="reserved")]
    assert (run.classified, run.reserved) == (0, sum(unsettled)) and unsettled


def test_a_limit_needs_a_known_price(bench, make_tickets):
    make_tickets(1)
    with pytest.raises(runs.RunError, match=r"gpt-3\.5-turbo"):
        bench.start(model="gpt-3.5", max_cost=Decimal(1))


def test_an_unknown_price_is_unknown_and_never_0(bench, make_tickets):
    make_tickets(2)
    run = bench.run(model="gpt-3.5")
    assert run.known_cost is None
    assert runs.progress([run.pk])[run.pk].cost is None


def test_the_kill_switch_pauses_with_its_sentence_and_loses_nothing(bench, make_tickets, settings):
    make_tickets(3)
    run = bench.start()
    settings.AI_ENABLED = False
    bench.drain(run)
    assert (run.state, run.failed) == ("paused", 0)
    assert "AI_ENABLED" in run.pause_reason
    with pytest.raises(runs.RunError, match="AI_ENABLED"):
        runs.resume(run)
    settings.AI_ENABLED = True
    runs.resume(run)
    assert bench.drain(run).classified == 3


def test_a_retry_after_a_request_that_may_have_been_billed_is_set_aside_beside_it(bench, make_tickets, relay):
    make_tickets(5)
    relay.script("reset")
    run = bench.run(batch_size=5, max_cost=Decimal(1))
    unknown = RelayCall.objects.get(state=RelayCall.State.UNKNOWN)
    assert (run.state, run.classified, run.reserved) == ("done", 5, unknown.reserved_cost)
    assert run.reserved > 0


def test_a_retry_for_which_the_limit_has_no_room_does_not_leave(bench, make_tickets, relay):
    make_tickets(5)
    bench.run(batch_size=5)
    worst = RelayCall.objects.get().reserved_cost
    relay.script("reset")
    before = relay.requests
    run = bench.run(batch_size=5, max_cost=worst * Decimal("1.5"))
    assert relay.requests == before + 1
    assert (run.state, run.paused_by, run.reserved) == ("paused", "budget", worst)
