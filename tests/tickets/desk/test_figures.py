"""The page of figures adds up to what happened to the tickets, and to no more than its reader may see."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tickets.access import tickets_for
from tickets.desk.figures import charts
from tickets.desk.figures.counting import Day, figures
from tickets.desk.figures.page import duration_text
from tickets.models import Customer, Ticket
from tickets.periods import Period

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEK = Period(START.date(), START.date() + timedelta(6))


@pytest.fixture
def opened(db):
    """`opened(day=1, answered=5, solved=20, …)`: a ticket of the nth day; minutes to its answer, hours to its end."""

    def open_one(*, day=0, answered=None, solved=None, **fields) -> Ticket:
        customer, _ = Customer.objects.get_or_create(email="erin@example.com")
        created = START + timedelta(days=day)
        ticket = Ticket.objects.open(customer, "Help", now=created, **fields)
        values = {"first_response": answered and created + timedelta(minutes=answered)}
        if solved is not None:
            values |= {"resolved": created + timedelta(hours=solved), "status": "resolved"}
        Ticket.objects.filter(pk=ticket.pk).update(**values)
        return ticket

    return open_one


def names(rows) -> list[str]:
    return [row.name for row in rows]


def test_median_and_ninetieth_percentile_are_those_of_the_sorted_times(opened, carol):
    for minutes in (50, 10, 30, 20, 40, 60, 70, 80, 90, 1000):
        opened(answered=minutes)
    opened(), opened(day=7, answered=5)
    found = figures(carol, WEEK, UTC).total.response
    assert (found.count, found.median, found.p90) == (10, 50 * 60, 90 * 60)


def test_one_ticket_is_median_and_percentile_and_none_is_neither(opened, carol):
    assert figures(carol, WEEK, UTC).total.response.median is None
    opened(solved=3)
    found = figures(carol, WEEK, UTC).total
    assert (found.resolution.count, found.resolution.median, found.resolution.p90) == (1, 3 * 3600, 3 * 3600)
    assert found.response.count == 0


def test_tickets_are_counted_by_team_and_agent(opened, carol, alice, support, accounts):
    opened(team=support, assignee=alice, answered=10, solved=2)
    opened(team=support, answered=20)
    opened(team=accounts, solved=200)
    opened(day=-1)
    found = figures(carol, WEEK, UTC)
    rows = {row.name: row for row in (*found.teams, *found.agents)}
    assert names(found.teams) == ["Accounts", "Support", ""]
    assert names(found.agents) == ["Alice", ""]
    assert [(rows[name].created, rows[name].backlog) for name in ("Support", "Accounts", "Alice")] == [
        (2, 1), (1, 0), (1, 0)]  # fmt: skip
    assert (rows["Support"].response.count, rows["Support"].response.median) == (2, 600)
    assert (rows["Accounts"].resolution.count, rows["Alice"].resolution.median) == (0, 7200)
    assert (found.total.created, found.total.backlog, found.total.resolution.count) == (3, 2, 1)


def test_the_backlog_of_a_day_is_what_had_come_and_was_not_solved(opened, carol):
    opened(day=-10)
    opened(day=0, solved=24 * 3)
    opened(day=2, solved=1)
    opened(day=9), opened(day=1, solved=24 * 20)
    days = figures(carol, WEEK, UTC).days
    assert [day.backlog for day in days] == [2, 3, 3, 2, 2, 2, 2]
    assert [day.created for day in days] == [1, 1, 1, 0, 0, 0, 0]
    assert [day.solved for day in days] == [0, 0, 1, 1, 0, 0, 0]


def test_days_are_those_of_the_readers_clock_over_a_change_of_hour_too(opened, carol):
    zone = ZoneInfo("Europe/Berlin")  # at 2026-03-29 02:00 its clocks go forward
    for hour in (22, 23):  # before and after midnight there: 23:30 on the 28th, 00:30 on the 29th
        opened_at = datetime(2026, 3, 28, hour, 30, tzinfo=UTC)
        Ticket.objects.open(Customer.objects.get_or_create(email="erin@example.com")[0], "Help", now=opened_at)
    Ticket.objects.open(Customer.objects.get(), "Help", now=datetime(2026, 3, 29, 22, 15, tzinfo=UTC))
    days = figures(carol, Period(START.date().replace(day=28), START.date().replace(day=30)), zone).days
    assert [day.created for day in days] == [1, 1, 1]


def test_an_agent_sees_the_figures_of_the_tickets_they_may_open(opened, alice, bob, support, accounts):
    opened(team=support, answered=5)
    opened(team=accounts, answered=9)
    opened()
    assert names(figures(alice, WEEK, UTC).teams) == ["Support", ""]
    assert figures(bob, WEEK, UTC).total.created == tickets_for(bob).count() == 2
    assert figures(bob, WEEK, UTC).total.response.median == 9 * 60


def test_one_team_can_be_chosen_and_no_other_ones(as_alice, as_carol, opened, support, accounts):
    opened(team=support), opened(team=accounts)
    week = f"first={WEEK.first}&last={WEEK.last}"
    shown = as_carol.get(f"/figures/?{week}&team={accounts.pk}")
    assert shown.context["figures"].total.created == 1
    assert as_carol.get(f"/figures/?{week}&team=none").context["figures"].total.created == 0
    assert as_alice.get(f"/figures/?{week}&team={accounts.pk}").status_code == 400


@pytest.mark.parametrize(
    "query", ["period=decade", "period=range", "first=2026-02-01&last=2026-01-01", "first=x&last=y",
              "first=2020-01-01&last=2026-01-01", "team=0x1"],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_answered_with_a_sentence(as_alice, query):
    for address in ("/figures/", "/figures/csv/", "/figures/drafts/"):
        answer = as_alice.get(f"{address}?{query}")
        assert answer.status_code == 400
        assert len(answer.content) > 20


def test_the_page_and_its_sheets_make_few_queries_whatever_their_size(
    as_alice, alice, opened, support, django_assert_max_num_queries
):
    now = timezone.now() - START
    for n in range(12):
        opened(day=now.days - n, answered=n + 1, solved=n, team=support, assignee=alice)
    for address in ("/figures/", "/figures/csv/?by=team", "/figures/drafts/"):
        with django_assert_max_num_queries(10):
            assert as_alice.get(address).status_code == 200


def sheet(client, query) -> list[list[str]]:
    answer = client.get(f"/figures/csv/?first={WEEK.first}&last={WEEK.last}&{query}")
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.content.decode())))


def test_the_sheets_hold_exact_figures_and_no_formulas(as_carol, opened, support, alice):
    support.name = '=HYPERLINK("http://example.com")'
    support.save()
    opened(team=support, assignee=alice, answered=10, solved=2)
    by_team = sheet(as_carol, "by=team")
    assert by_team[1] == ['\'=HYPERLINK("http://example.com")', "1", "1", "0", "600", "600", "7200", "7200"]
    assert by_team[-1][0] == "Total"
    by_day = sheet(as_carol, "by=day")
    assert by_day[1] == ["2026-03-02", "1", "1", "0"] and len(by_day) == 8
    assert sheet(as_carol, "by=agent")[1][0] == "Alice"
    assert as_carol.get("/figures/csv/?by=moon").status_code == 400


def test_nobody_sees_figures_without_logging_in(client):
    for address in ("/figures/", "/figures/csv/", "/figures/drafts/"):
        assert client.get(address).status_code == 302


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "under a minute"), (59, "under a minute"), (60, "1 min"), (3600, "1 h"), (7260, "2 h 1 min"),
     (86_400 * 3 + 3600 * 4 + 59, "3 d 4 h"), (86_400 + 120, "1 d")],
)  # fmt: skip
def test_durations_are_written_in_their_two_largest_units(seconds, text):
    assert duration_text(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize("highest", [0, 1, 2, 3, 9, 10, 11, 4999, 5001])
def test_no_mark_of_a_chart_is_higher_than_its_axis(highest):
    days = [Day(WEEK.first, highest, 0, highest), Day(WEEK.last, 0, highest, 0)]
    for kind, _x, y, _width, height in charts.flow(days).columns[0].bars:
        assert float(y) >= charts.TOP - 0.1 and float(y) + float(height) == pytest.approx(charts.FLOOR, abs=0.2), kind
    top = charts.backlog(days).lines[-1][1]
    assert int(top.replace(",", "")) >= highest
