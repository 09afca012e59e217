import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections, transaction
from django.utils import timezone

from assistant import ledger
from assistant.models import RelayCall, RelayPrice, Spending
from assistant.relay.errors import RelayError
from assistant.relay.types import Completion, Usage

pytestmark = pytest.mark.django_db


def reserve(model="gpt-4.1", user=None, **changes):
    values = {"kind": "triage", "model": model, "prompt_bytes": 1000, "max_tokens": 1000, "user": user} | changes
    return ledger.reserve(**values)


USAGE = Usage(100, 50)


def answer(usage=USAGE):
    return Completion("text", "stop", usage, "gpt-4.1", "req-1", 40, simulated=True)


def test_a_call_is_reserved_at_its_worst_case_and_settled_at_its_cost():
    call = reserve()
    assert (call.state, call.reserved_cost) == ("reserved", Decimal("0.0100000000"))
    cost = ledger.settle(call, answer(), attempts=2)
    call.refresh_from_db()
    assert cost == call.cost == Decimal("0.0006000000")
    assert (call.state, call.outcome, call.attempts, call.simulated) == ("settled", "ok", 2, True)
    assert Spending.objects.get().amount == cost


def test_settling_twice_counts_once():
    call = reserve()
    ledger.settle(call, answer(), attempts=1)
    ledger.settle(call, answer(Usage(9999, 9999)), attempts=1)
    call.refresh_from_db()
    assert call.prompt_tokens == 100
    assert Spending.objects.get().amount == call.cost


def test_missing_usage_is_estimated_and_marked_so():
    call = reserve()
    ledger.settle(call, answer(usage=None), attempts=1, prompt="word " * 100, text="word " * 20)
    call.refresh_from_db()
    assert call.estimated and call.prompt_tokens > 50 and call.completion_tokens > 10


def test_a_price_change_leaves_old_costs_alone():
    call = reserve()
    ledger.settle(call, answer(), attempts=1)
    before = RelayCall.objects.get(pk=call.pk).cost
    RelayPrice.objects.create(model=call.price.model, valid_from=timezone.now(), input=99, cached_input=99, output=99)
    assert RelayCall.objects.get(pk=call.pk).cost == before
    assert reserve().reserved_cost > call.reserved_cost


def test_a_refused_call_costs_nothing_and_keeps_the_providers_words():
    call = reserve()
    ledger.settle_failure(call, RelayError("invalid_key", "The relay says: bad key", status=401), attempts=1)
    call.refresh_from_db()
    assert (call.state, call.cost, call.outcome) == ("settled", Decimal(0), "invalid_key")
    assert "bad key" in call.error and Spending.objects.get().amount == 0


@pytest.mark.parametrize(
    "error",
    [
        RelayError("relay_error", "No connection could be made.", retryable=True, request_sent=False),
        RelayError("timeout", "No connection in time.", retryable=True, request_sent=False),
        RelayError("relay_error", "The certificate cannot be trusted.", stops_run=True),
        RelayError("relay_error", "A page of HTML.", status=200, stops_run=True),
        RelayError("relay_error", "The server failed.", status=500, retryable=True),
    ],
)
def test_what_never_arrived_or_was_refused_cost_nothing(error):
    call = reserve()
    ledger.settle_failure(call, error, attempts=1)
    call.refresh_from_db()
    assert (call.state, call.cost) == ("settled", 0)
    assert Spending.objects.get().amount == 0


@pytest.mark.parametrize(
    "error",
    [
        RelayError("timeout", "No answer.", retryable=True),
        RelayError("cancelled", "Stopped."),
        RelayError("truncated", "It ended without an end."),
        RelayError("relay_error", "The connection broke.", retryable=True),
        RelayError("relay_error", "Broken JSON.", status=200),
    ],
)
def test_what_was_sent_and_never_read_is_unknown_and_keeps_counting(error):
    call = reserve()
    ledger.settle_failure(call, error, attempts=1)
    call.refresh_from_db()
    assert (call.state, call.cost) == ("unknown", None)
    assert Spending.objects.get().amount == call.reserved_cost


def test_what_was_never_sent_cost_nothing_whatever_ended_it():
    call = reserve()
    ledger.settle_failure(call, RelayError("cancelled", "Stopped while waiting."), attempts=0)
    call.refresh_from_db()
    assert (call.state, call.cost) == ("settled", 0)


def test_an_answer_that_comes_after_its_row_was_given_up_is_booked_after_all():
    call = reserve()
    ledger.mark_outcome_unknown(call.created + timedelta(minutes=11))
    cost = ledger.settle(call, answer(), attempts=1)
    call.refresh_from_db()
    assert (call.state, call.cost) == ("settled", cost)
    assert Spending.objects.get().amount == cost


def test_a_row_whose_process_died_is_reported_as_unknown():
    call = reserve()
    assert ledger.mark_outcome_unknown(call.created + timedelta(minutes=9)) == 0
    assert ledger.mark_outcome_unknown(call.created + timedelta(minutes=11)) == 1
    call.refresh_from_db()
    assert call.state == "unknown"


def test_a_monthly_budget_is_never_exceeded(settings):
    settings.MONTHLY_BUDGET_USD = Decimal("0.025")
    reserve(), reserve()
    with pytest.raises(ledger.AIUnavailable) as refused:
        reserve()
    assert refused.value.code == "budget_reached" and "0.025" in refused.value.message
    assert RelayCall.objects.count() == 2


def test_a_budget_is_used_to_its_last_digit_and_no_further():
    cost, limit = Decimal("0.1"), Decimal(1)
    assert [Spending.reserve("2026-11", cost, limit) for _ in range(11)] == [True] * 10 + [False]
    assert Spending.objects.get().amount == limit


def test_many_small_costs_add_up_to_the_last_place():
    cost = Decimal("0.0000123457")
    with transaction.atomic():
        for _ in range(2500):
            Spending.reserve("2026-11", Decimal(100), None)
            Spending.correct(["2026-11"], cost - 100)
    assert Spending.objects.get().amount == 2500 * cost
    assert Spending.objects.filter(amount=2500 * cost).exists()


def test_months_and_days_are_those_of_utc():
    tokyo = timezone.get_fixed_timezone(9 * 60)
    new_year_there = datetime(2027, 1, 1, 8, 59, 59, 999999, tokyo)
    assert (Spending.month(new_year_there), Spending.day(new_year_there, 7)) == ("2026-12", "2026-12-31/user/7")
    midnight = new_year_there + timedelta(microseconds=1)
    assert (Spending.month(midnight), Spending.day(midnight, 7)) == ("2027-01", "2027-01-01/user/7")


def test_a_call_is_settled_in_the_month_it_was_reserved_in(alice):
    last = datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)
    call = reserve(user=alice, now=last)
    reserve(now=last + timedelta(seconds=1))
    ledger.settle(RelayCall.objects.get(pk=call.pk), answer(), attempts=1)
    amounts = dict(Spending.objects.values_list("period", "amount"))
    settled, reserved = Decimal("0.0006"), Decimal("0.01")
    assert amounts == {"2026-10": settled, f"2026-10-31/user/{alice.pk}": settled, "2026-11": reserved}


def test_a_persons_daily_budget_holds_for_them_alone(settings, alice, bob):
    settings.USER_DAILY_BUDGET_USD = Decimal("0.01")
    reserve(user=alice)
    with pytest.raises(ledger.AIUnavailable):
        reserve(user=alice)
    reserve(user=bob)
    reserve(user=alice, now=timezone.now() + timedelta(days=1))


def test_an_unknown_price_is_refused_where_a_budget_holds(settings):
    assert reserve("a-model-nobody-priced").reserved_cost is None
    settings.MONTHLY_BUDGET_USD = Decimal(100)
    with pytest.raises(ledger.AIUnavailable, match="a-model-nobody-priced"):
        reserve("a-model-nobody-priced")


def test_the_kill_switch_and_a_missing_key_stop_every_call(settings):
    settings.RELAY_API_KEY = ""
    with pytest.raises(ledger.AIUnavailable, match="RELAY_API_KEY"):
        reserve()
    settings.AI_ENABLED = False
    with pytest.raises(ledger.AIUnavailable, match="AI_ENABLED"):
        reserve()
    assert not RelayCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_month_whose_books_another_process_is_just_opening_has_room():
    refused = []

    def second():
        try:
            reserve()
        except ledger.AIUnavailable as error:
            refused.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        reserve()
        thread.start()
        thread.join(timeout=0.5)  # it waits for this transaction to end
    thread.join()
    assert not refused
    assert Spending.objects.get().amount == 2 * RelayCall.objects.first().reserved_cost
