import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from assistant import ledger
from assistant.admin.usage_page import neutralised
from assistant.costs import charts, usage
from assistant.costs.usage import Period
from assistant.models import RelayCall, Spending

pytestmark = pytest.mark.django_db
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
RANGE = {"period": "range", "first": "2026-11-01", "last": "2026-11-30"}


def test_calls_are_added_up_by_day_model_purpose_and_person(call, alice):
    call("2026-11-02 09:00", user=alice, cached_tokens=20, attempts=3)
    call("2026-11-02 10:00", user=alice)
    call("2026-11-03 10:00", model="deepseek-v3.2", kind="triage", cost=Decimal("0.0000000001"))
    found = usage.report(NOVEMBER)
    days = dict(found.days)
    assert (days[date(2026, 11, 2)].calls, days[date(2026, 11, 2)].requests) == (2, 4)
    assert days[date(2026, 11, 2)].cost == Decimal("0.0012") and days[date(2026, 11, 2)].cached_tokens == 20
    assert [name for name, _ in found.models] == ["gpt-4.1", "deepseek-v3.2"]
    assert [name for name, _ in found.kinds] == ["Draft", "Triage"]
    assert [name for name, _ in found.people] == ["alice", "Background work"]
    assert found.total.cost == Decimal("0.0012000001")
    for rows in (found.days, found.models, found.kinds, found.people):
        assert sum((sums for _, sums in rows), usage.Sums()) == found.total


def test_days_are_utc_days_and_both_ends_count(call):
    call("2026-11-01 00:00")
    call("2026-11-30 23:59:59")
    call("2026-10-31 23:59:59")
    call("2026-12-01 00:00")
    found = usage.report(NOVEMBER)
    assert found.total.calls == 2
    assert [day.day for day, sums in found.days if sums.calls] == [1, 30] and len(found.days) == 30


def test_settled_reserved_and_unknown_cost_are_told_apart(call):
    call(cost=Decimal("1.5"), reserved_cost=Decimal(9))
    call(state="reserved", reserved_cost=Decimal(2))
    call(state="unknown", reserved_cost=Decimal(4))
    total = usage.report(NOVEMBER).total
    assert (total.cost, total.reserved, total.unknown, total.unpriced) == (Decimal("1.5"), 2, 4, 0)


def test_a_call_without_a_known_price_is_unknown_and_not_free(call, client, carol):
    call(model="somebody/else-7b")
    call()
    found = usage.report(NOVEMBER)
    by_model = dict(found.models)
    assert charts.cost_text(by_model["somebody/else-7b"]) == "unknown"
    assert charts.cost_text(found.total) == "0.000600 + unknown" and found.total.unpriced == 1
    client.force_login(carol)
    assert "The price of 1 call is not known" in client.get(reverse("usage"), RANGE).content.decode()
    rows = exported(client, by="model")
    assert [row["Cost, USD"] for row in rows] == ["0.0006000000", "unknown", "0.0006000000"]


def test_the_sums_are_those_of_the_ledger_to_the_last_place(call):
    costs = [Decimal(n * 7919) / 10**10 for n in range(500)]
    for cost in costs:
        call(cost=cost)
    assert usage.report(NOVEMBER).total.cost == sum(costs)


def test_budgets_show_what_reservations_count(settings, alice):
    settings.MONTHLY_BUDGET_USD, settings.USER_DAILY_BUDGET_USD = Decimal(10), Decimal("0.02")
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    Spending.objects.create(period=Spending.month(now - timedelta(40)), amount=9)
    Spending.objects.create(period=Spending.day(now - timedelta(1), alice.pk), amount=9)
    row = ledger.reserve(kind="draft", model="gpt-4.1", prompt_bytes=1000, max_tokens=1000, user=alice, now=now)
    month, people = usage.budgets(now)
    assert (month.spent, month.limit, month.used_up) == (row.reserved_cost, 10, False)
    assert [(budget.name, budget.spent, budget.percent) for budget in people] == [("alice", row.reserved_cost, 50)]


@pytest.fixture
def admin_client(client, carol):
    client.force_login(carol)
    return client


def exported(client, **query):
    body = client.get(reverse("usage-csv"), RANGE | query).content.decode()
    return list(csv.DictReader(io.StringIO(body)))


def test_the_page_has_charts_with_a_text_alternative_and_a_table_each(call, admin_client):
    call()
    html = admin_client.get(reverse("usage"), RANGE).content.decode()
    assert html.count('role="img"') == 4 == html.count("</desc>")
    for heading in ("By day", "By model", "By purpose", "By person"):
        assert heading in html
    assert "UTC" in html and " style=" not in html


def test_numbers_in_a_chart_keep_their_point_in_every_language(call, admin_client):
    call()
    html = admin_client.get(reverse("usage"), RANGE, headers={"accept-language": "de"}).content.decode()
    heights = [part.split('"')[0] for part in html.split('height="')[1:]]
    assert all("," not in height for height in heights)


@pytest.mark.parametrize("period", ["", "month", "30days"])
def test_periods_that_end_today(call, admin_client, period):
    call(timezone.now())
    assert "1 calls" in admin_client.get(reverse("usage"), {"period": period}).content.decode()


def test_a_quiet_period_says_so(admin_client):
    assert "No call to the relay in this period" in admin_client.get(reverse("usage"), RANGE).content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"first": "yesterday"}, "Write the date as year-month-day"),
        ({"last": "2026-02-30"}, "Write the date as year-month-day"),
        ({"first": ""}, "Give both dates"),
        ({"first": "2026-12-01"}, "ends before it begins"),
        ({"first": "2020-01-01"}, "up to 366 days"),
        ({"period": "decade"}, "is no period"),
    ],
)
def test_a_bad_period_is_told_in_a_sentence_and_kept(admin_client, query, sentence):
    for name in ("usage", "usage-csv"):
        response = admin_client.get(reverse(name), RANGE | query)
        assert response.status_code == 400 and sentence in response.content.decode()


def test_the_csv_is_the_table_with_exact_figures(call, admin_client, alice):
    call("2026-11-02 09:00", user=alice)
    call("2026-11-03 09:00", cost=Decimal("0.0000000001"))
    rows = exported(admin_client, by="day")
    assert [(row["Day"], row["Calls"], row["Cost, USD"]) for row in rows] == [
        ("2026-11-02", "1", "0.0006000000"), ("2026-11-03", "1", "0.0000000001"), ("Total", "2", "0.0006000001")
    ]  # fmt: skip
    assert [row["Person"] for row in exported(admin_client, by="person")] == ["alice", "Background work", "Total"]
    assert admin_client.get(reverse("usage-csv"), RANGE | {"by": "hour"}).status_code == 400


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_name_that_looks_like_a_formula_is_exported_as_text(call, admin_client, name):
    call(model=name)
    assert neutralised(name) == f"'{name}"
    body = admin_client.get(reverse("usage-csv"), RANGE | {"by": "model"}).content.decode()
    assert next(csv.reader(io.StringIO(body.split("\r\n", 1)[1], newline="")))[0] == f"'{name}"


def test_a_person_whose_name_looks_like_a_formula_is_exported_as_text(call, admin_client):
    call(user=User.objects.create_user("@evil"))
    assert exported(admin_client, by="person")[0]["Person"] == "'@evil"


def test_at_most_ten_queries_whatever_the_size(call, admin_client, django_assert_max_num_queries):
    template = call()
    people = User.objects.bulk_create([User(username=f"person-{n}") for n in range(40)])
    RelayCall.objects.bulk_create(
        RelayCall(
            kind=("triage", "draft", "test")[n % 3], model=f"model-{n % 25}", user=people[n % 40], state="settled",
            base_url=template.base_url, cost=Decimal(1), price=template.price,
            created=template.created - timedelta(days=n % 20),
        )
        for n in range(2000)
    )  # fmt: skip
    now = timezone.now()
    Spending.objects.bulk_create(Spending(period=Spending.day(now, user.pk), amount=1) for user in people)
    for name in ("usage", "usage-csv"):
        with django_assert_max_num_queries(10):
            assert admin_client.get(reverse(name), RANGE).status_code == 200
