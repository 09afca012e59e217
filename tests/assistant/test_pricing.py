from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import pricing
from assistant.models import RelayPrice
from assistant.relay.types import Usage

DEEPSEEK = RelayPrice(input=Decimal("0.28"), cached_input=Decimal("0.028"), output=Decimal("0.42"))
GPT = RelayPrice(input=Decimal("2.00"), cached_input=Decimal("0.50"), output=Decimal("8.00"))
counts = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (Usage(0, 10_000_000), DEEPSEEK, "4.2000000000"),
        (Usage(0, 10_000_000), GPT, "80.0000000000"),
        (Usage(1000, 0, cached_tokens=400), GPT, "0.0014000000"),
        (Usage(1, 1), DEEPSEEK, "0.0000007000"),
    ],
)
def test_tokens_cost_what_the_price_row_says(usage, price, cost):
    assert f"{pricing.cost_of(usage, price):f}" == cost


def test_an_unknown_price_is_unknown_and_never_nothing():
    assert pricing.cost_of(Usage(10, 10), None) is None


@given(counts, counts, counts)
def test_a_call_never_costs_more_than_its_worst_case(prompt, completion, cached):
    worst = pricing.worst_case(prompt, completion, GPT)
    assert worst is not None
    cost = pricing.cost_of(Usage(prompt, completion, cached), GPT)
    assert cost is not None and Decimal(0) <= cost <= worst
