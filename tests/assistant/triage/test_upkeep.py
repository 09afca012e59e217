"""The periodic jobs over runs: paused by a budget, or never started."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.module_loading import import_string

from assistant.models import TriageItem, TriageRun
from assistant.triage import runs, upkeep
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

LITTLE = Decimal("0.0000001")


def resumed(run: TriageRun, now) -> str:
    """The run's state after the job."""
    upkeep.resume_within_budget(now)
    run.refresh_from_db()
    return run.state


def test_both_jobs_are_on_the_list():
    listed = {import_string(path) for path, _ in django_settings.PERIODIC_JOBS.values()}
    assert listed >= {upkeep.resume_within_budget, upkeep.delete_unstarted}


def test_a_run_goes_on_by_itself_in_the_next_month(bench, make_tickets, settings):
    make_tickets(200)
    settings.MONTHLY_BUDGET_USD = Decimal("0.008")
    run = bench.run(batch_size=5)
    assert (run.state, run.paused_by) == ("paused", "budget")
    assert 0 < run.held_for <= Decimal("0.008") and run.classified
    assert resumed(run, timezone.now()) == "paused"
    assert resumed(run, timezone.now() + timedelta(days=32)) == "running"
    assert (run.paused_by, run.pause_reason, run.held_for) == ("", "", None)


@pytest.mark.parametrize("limit", [Decimal(1), None], ids=["raised", "removed"])
def test_a_run_goes_on_once_the_monthly_budget_is_raised_or_gone(bench, make_tickets, settings, limit):
    make_tickets(10)
    settings.MONTHLY_BUDGET_USD = LITTLE
    run = bench.run()
    settings.MONTHLY_BUDGET_USD = run.held_for - LITTLE
    assert resumed(run, timezone.now()) == "paused"
    settings.MONTHLY_BUDGET_USD = limit
    assert resumed(run, timezone.now()) == "running"
    assert bench.drain(run).classified == 10


def test_a_persons_budget_has_room_again_the_next_day(bench, make_tickets, carol, settings):
    make_tickets(200)
    settings.USER_DAILY_BUDGET_USD = Decimal("0.008")
    run = bench.run(batch_size=5, user=carol)
    assert (run.state, run.paused_by) == ("paused", "budget")
    assert resumed(run, timezone.now()) == "paused"
    assert resumed(run, timezone.now() + timedelta(days=1)) == "running"


def test_a_new_day_is_not_enough_where_the_month_has_no_room(bench, make_tickets, carol, settings):
    make_tickets(2)
    settings.USER_DAILY_BUDGET_USD = settings.MONTHLY_BUDGET_USD = LITTLE
    run = bench.run(user=carol)
    settings.USER_DAILY_BUDGET_USD = Decimal(1)
    assert resumed(run, timezone.now() + timedelta(days=1)) == "paused"


def test_a_runs_own_limit_is_raised_by_a_person_alone(bench, make_tickets):
    make_tickets(10)
    run = bench.run(max_cost=LITTLE)
    assert (run.state, run.paused_by, run.held_for) == ("paused", "budget", None)
    assert resumed(run, timezone.now() + timedelta(days=40)) == "paused"


def test_what_a_person_has_paused_stays_paused(bench, make_tickets):
    make_tickets(2)
    run = bench.start()
    runs.pause(run)
    assert resumed(run, timezone.now() + timedelta(days=40)) == "paused"


def test_with_ai_switched_off_a_run_stays_paused_and_the_others_are_still_seen_to(bench, make_tickets, settings):
    make_tickets(2)
    settings.MONTHLY_BUDGET_USD = LITTLE
    run = bench.run()
    settings.MONTHLY_BUDGET_USD, settings.AI_ENABLED = None, False
    assert resumed(run, timezone.now()) == "paused"
    settings.AI_ENABLED = True
    assert resumed(run, timezone.now()) == "running"


def test_what_nobody_started_within_a_day_is_deleted_with_its_items(bench, make_tickets):
    make_tickets(30)
    now = timezone.now()
    old, young = (runs.create_run(Ticket.objects.all(), user=None) for _ in range(2))
    started = bench.start()
    TriageRun.objects.exclude(pk=young.pk).update(created=now - timedelta(days=1, seconds=1))
    with CaptureQueriesContext(connection) as queries:
        assert upkeep.delete_unstarted(now) == 1
    assert len(queries) < 15
    assert set(TriageRun.objects.values_list("pk", flat=True)) == {young.pk, started.pk}
    assert not TriageItem.objects.filter(run=old.pk).exists()
    assert Ticket.objects.count() == 30
