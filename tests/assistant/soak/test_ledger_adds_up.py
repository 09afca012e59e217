"""The ledger beside the books of the relay, over faults and processes that are killed."""

import random
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from assistant import ledger, pricing
from assistant.models import RelayCall, RelayPrice, Spending
from assistant.relay.types import Usage

pytestmark = pytest.mark.django_db(transaction=True)
FAULTS = {
    "server_error": 0.04,
    "reset": 0.04,
    "reset_inside": 0.04,
    "rate_limit_ms": 0.04,
    "error_body": 0.02,
    "invalid_json": 0.02,
    "unauthorized": 0.02,
    "no_end": 0.02,
}


@pytest.mark.parametrize(
    ("requests", "kills"), [(80, 4), pytest.param(1500, 60, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_every_call_is_accounted_for_whatever_is_killed(
    relay, callers, assert_spending_is_the_sum_of_the_rows, requests, kills
):
    relay.set(faults=FAULTS, latency_ms=10)
    rng = random.Random(kills)
    running = [callers.start() for _ in range(2)]
    for number in range(1, kills + 1):
        goal = number * requests // kills + rng.randint(0, 10)
        relay.wait_until(lambda relay, goal=goal: relay.requests >= goal, timeout=60)
        rng.choice(running).kill()
        running = [process if process.poll() is None else callers.start() for process in running]
    callers.kill()
    relay.wait_until(lambda relay: not relay.active)

    later = timezone.now() + timedelta(minutes=11)
    ledger.mark_outcome_unknown(later)
    states = list(RelayCall.objects.values_list("state", flat=True))
    assert len(states) == states.count("settled") + states.count("unknown")
    assert_settled_rows_say_what_the_relay_says(relay)
    assert_spending_is_the_sum_of_the_rows()
    sent = sum(RelayCall.objects.values_list("attempts", flat=True))
    assert sent <= relay.requests <= sent + kills * 2 * 4 + 2 * 2 * 4  # a killed thread had sent four at most


def assert_settled_rows_say_what_the_relay_says(relay):
    booked = {call.request_id: call for call in relay.books}
    answered = RelayCall.objects.filter(outcome="ok")
    for row in answered:
        call = booked.pop(row.request_id)
        if not row.estimated:  # cut off before the relay counted
            tokens = (call.prompt_tokens, call.cached_tokens, call.completion_tokens)
            assert (row.prompt_tokens, row.cached_tokens, row.completion_tokens) == tokens
        assert row.cost == pricing.cost_of(Usage(row.prompt_tokens, row.completion_tokens), row.price) > 0
    lost = [call for call in booked.values() if call.completion_tokens]
    assert len(lost) <= RelayCall.objects.filter(state="unknown").count()


@pytest.mark.parametrize(
    "budget", [Decimal("0.01"), pytest.param(Decimal("0.3"), marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_eight_workers_spend_a_budget_and_never_more(relay, callers, assert_spending_is_the_sum_of_the_rows, budget):
    relay.set(faults={"reset": 0.002, "server_error": 0.02}, latency_ms=2)
    workers = [callers.start(2, MONTHLY_BUDGET_USD=str(budget)) for _ in range(4)]
    most = watch_spending(workers)
    assert all(process.communicate()[0].split() == ["budget_reached"] * 2 for process in workers)
    price = RelayPrice.current("deepseek-v3.2", timezone.now())
    billed = sum(pricing.cost_of(Usage(call.prompt_tokens, call.completion_tokens), price) for call in relay.books)
    spent = assert_spending_is_the_sum_of_the_rows()
    assert billed <= spent <= most <= budget
    assert spent > budget - RelayCall.objects.first().reserved_cost
    assert not RelayCall.objects.filter(state="reserved").exists()


def watch_spending(workers):
    """The most that was ever spent and reserved at once, read again and again until all workers have ended."""
    most, pause = Decimal(0), threading.Event()
    while any(worker.poll() is None for worker in workers):
        pause.wait(0.05)
        most = max([most, *Spending.objects.values_list("amount", flat=True)])
    return most
