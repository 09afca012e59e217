from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from assistant.costs.planner import make_plan
from assistant.models import RelayModel, RelayPrice
from assistant.relay.types import Usage

pytestmark = pytest.mark.django_db


def plan(output=10_000_000, prompt=0, relay="1.0", market="7.3", **weights):
    return make_plan(
        tokens=Usage(prompt, output),
        weights={NAMES[name]: Decimal(weight) for name, weight in weights.items()},
        prices=RelayPrice.all_current(timezone.now()),
        relay_rate=Decimal(relay),
        market_rate=Decimal(market),
    )


NAMES = {"deepseek": "deepseek-v3.2", "gpt": "gpt-4.1", "claude": "claude-sonnet-4.5", "gemini": "gemini-2.5-flash"}


@pytest.mark.parametrize(
    ("weights", "usd"),
    [
        ({"deepseek": 100}, "4.20"),
        ({"gpt": 100}, "80.00"),
        ({"gpt": 50, "deepseek": 50}, "42.10"),
        ({"gpt": 30, "deepseek": 70}, "26.94"),
        ({"gpt": 1, "claude": 1, "gemini": 1}, "85.00"),
        ({"gpt": "33.33", "claude": "33.33", "gemini": "33.33"}, "85.00"),
    ],
)
def test_a_mix_costs_exactly_what_its_parts_cost(weights, usd):
    assert plan(**weights).bill.usd == Decimal(usd)


def test_the_bill_in_cny_and_what_the_relays_rate_saves():
    bill = plan(gpt=100).bill
    assert (bill.cny_relay, bill.cny_market) == (80, 584)
    assert (bill.saving, bill.saving_year) == (504, 6048)


def test_tokens_in_and_out_are_both_paid():
    assert plan(prompt=5_000_000, output=1_000_000, gpt=1).bill.usd == 18


def test_each_model_alone_is_priced_for_the_same_tokens_cheapest_first():
    alone = [(name, bill.usd) for name, bill in plan(gpt=100).alone]
    assert alone == [
        ("deepseek-v3.2", Decimal("4.2")), ("gemini-2.5-flash", 25), ("gpt-4.1", 80), ("claude-sonnet-4.5", 150)
    ]  # fmt: skip


@pytest.fixture
def page(client, carol):
    client.force_login(carol)

    def get(**query):
        response = client.get(reverse("planner"), {name.replace("share_", "share-"): v for name, v in query.items()})
        return response, response.content.decode()

    return get


def test_a_plan_is_a_link(client, carol):
    client.force_login(carol)
    html = client.get("/admin/assistant/planner/?output=10M&share-gpt-4.1=100").content.decode()
    for figure in ("80.00 USD", "960.00 USD", "80.00 CNY", "584.00 CNY", "504.00 CNY", "6,048.00 CNY"):
        assert figure in html
    html = client.get("/admin/assistant/planner/?output=10M&share-gpt-4.1=30&share-deepseek-v3.2=70").content.decode()
    assert "26.94 USD" in html and "scaled in proportion to" not in html


def test_shares_that_do_not_add_up_are_scaled_and_the_page_says_so(client, carol):
    client.force_login(carol)
    thirds = "share-gpt-4.1=1&share-claude-sonnet-4.5=1&share-gemini-2.5-flash=1"
    html = client.get(f"/admin/assistant/planner/?output=10,000,000&{thirds}").content.decode()
    assert "85.00 USD" in html
    assert "The shares add up to 3, not 100" in html and "33.33 % gpt-4.1" in html


def test_the_empty_page_shows_a_plan_to_change(page):
    response, html = page()
    assert response.status_code == 200 and "26.94 USD" in html


@pytest.mark.parametrize("typed", ["ten million", "-5", "1,5", "0.5", "10X", "9" * 20, "1e5"])
def test_a_bad_number_of_tokens_is_told_and_kept(page, typed):
    response, html = page(output=typed, **{"share_gpt-4.1": "100"})
    assert response.status_code == 400
    assert f'value="{typed}"' in html
    assert "Write a whole number of tokens" in html or "write a smaller number" in html


@pytest.mark.parametrize("typed", ["10000000", "10,000,000", "10 000 000", "10M", "0.01b", "10000k"])
def test_ways_to_write_ten_million(page, typed):
    assert "80.00 USD" in page(output=typed, **{"share_gpt-4.1": "100"})[1]


@pytest.mark.parametrize("typed", ["half", "-1", "NaN", "Infinity"])
def test_a_bad_share_is_told_and_kept(page, typed):
    response, html = page(output="10M", **{"share_gpt-4.1": typed})
    assert response.status_code == 400 and f'value="{typed}"' in html and "field-error" in html


def test_a_mix_of_nothing_is_refused(page):
    response, html = page(output="10M", **{"share_gpt-4.1": "0"})
    assert response.status_code == 400 and "Give at least one model a share above 0." in html


def test_a_model_without_a_price_is_named_and_never_planned_as_free(page):
    response, html = page(output="10M", **{"share_gpt-3.5-turbo": "50", "share_gpt-4.1": "50"})
    assert response.status_code == 400 and "No price is known for gpt-3.5-turbo" in html


def test_a_new_price_is_planned_with_from_its_day_on(page):
    model = RelayModel.objects.get(name="gpt-4.1")
    RelayPrice.objects.create(model=model, input=1, cached_input=1, output=4)
    assert "40.00 USD" in page(output="10M", **{"share_gpt-4.1": "100"})[1]


def test_rates_can_be_edited_and_a_dearer_relay_is_told(page):
    html = page(output="10M", relay_rate="8", market_rate="7", **{"share_gpt-4.1": "100"})[1]
    assert "640.00 CNY" in html and "560.00 CNY" in html and "costs more by" in html


def test_a_plan_makes_at_most_ten_queries(client, carol, django_assert_max_num_queries):
    client.force_login(carol)
    for n in range(50):
        model = RelayModel.objects.create(name=f"model-{n}")
        RelayPrice.objects.create(model=model, input=1, cached_input=1, output=n)
    with django_assert_max_num_queries(10):
        client.get(reverse("planner"))
