"""How far runs are, and how few queries that takes."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.triage import outcomes, runs
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_creating_and_starting_take_the_same_few_queries_for_any_number(bench, make_tickets):
    counts = []
    for number in (5, 200):
        Ticket.objects.all().delete()
        make_tickets(number)
        with CaptureQueriesContext(connection) as queries:
            bench.start(batch_size=2)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("fault", ["ok", "missing_result"])
def test_a_commit_takes_the_same_number_of_queries_for_5_and_for_50_tickets(
    bench, make_tickets, monkeypatch, relay, fault
):
    counts = []
    commit = outcomes.commit

    def counted(*args):
        with CaptureQueriesContext(connection) as queries:
            kept = commit(*args)
        counts.append([q["sql"][:60] for q in queries if "SAVEPOINT" not in q["sql"]])
        return kept

    monkeypatch.setattr(outcomes, "commit", counted)
    for number in (5, 50):
        relay.script(fault)
        make_tickets(number)
        run = bench.start(batch_size=50)
        bench.step()
        Ticket.objects.all().delete()
        if fault != "ok":
            runs.cancel(run)
    assert len(counts[0]) == len(counts[1]) <= 8, counts


def test_progress_of_many_runs_is_one_query(bench, make_tickets, django_assert_num_queries):
    make_tickets(6)
    started = [bench.start(batch_size=2) for _ in range(3)]
    bench.step()
    bench.clock.advance(10)
    with django_assert_num_queries(1):
        shown = runs.progress([run.pk for run in started], now=bench.clock())
    first = shown[started[0].pk]
    assert (first.done, first.total, first.state, first.seconds_left) == (2, 6, "running", 20)
    assert Decimal(first.cost) > 0


def test_a_wait_for_the_rate_limit_is_shown(bench, make_tickets, settings):
    make_tickets(12)
    settings.RELAY_RPM = 6
    run = bench.start(batch_size=1)
    for _ in range(2):
        bench.step()
    run.refresh_from_db()
    assert run.waiting_until is not None
    bench.clock.current = run.waiting_until
    bench.clock.advance(-9)
    assert runs.progress([run.pk], now=bench.clock())[run.pk].waiting == "waiting for the rate limit, 9 s"


def test_counts_by_category(bench, make_tickets):
    make_tickets(8)
    run = bench.run()
    counts = runs.category_counts(run)
    assert sum(count for _, _, count in counts) == 8
    assert ("billing", "Billing", 2) in counts
