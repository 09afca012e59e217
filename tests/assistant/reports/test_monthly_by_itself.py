"""The last month's report, written by the worker when nobody asks."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from assistant.models import MonthlyReport, RelayCall
from assistant.reports import periodic
from assistant.reports.monthly import write_report
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)


def on(day, month=12):
    return datetime(2026, month, day, 9, tzinfo=UTC)


@pytest.fixture
def november(erin, call, relay):
    Ticket.objects.create(customer=erin, subject="S", created=on(4, 11))
    return call("2026-11-04 12:00", cost=Decimal("3.2"))


def test_it_is_due_on_the_first_days_after_a_month_in_which_the_ai_worked(november):
    assert [periodic.due(on(day)) for day in (1, 5, 6)] == [NOVEMBER, NOVEMBER, None]
    assert periodic.due(on(2, 11)) is None  # nothing was called in October
    RelayCall.objects.all().delete()
    assert periodic.due(on(2)) is None


def test_it_is_written_once_a_month(november):
    report = periodic.write(periodic.due(on(1)), on(1))
    assert (report.month, report.state, report.author) == (NOVEMBER, "done", None) and report.text
    assert periodic.due(on(2)) is None


def test_a_report_that_a_person_has_asked_for_is_enough(november, carol):
    write_report(NOVEMBER, user=carol, now=on(1))
    assert periodic.due(on(1)) is None


def test_one_that_is_being_written_is_not_begun_twice_until_its_writer_must_be_gone(november):
    MonthlyReport.objects.create(month=NOVEMBER, created=on(1))
    assert periodic.due(on(1)) is None
    assert periodic.due(on(2)) == NOVEMBER


def test_a_budget_that_is_used_up_is_kept_and_told(november, relay, settings):
    settings.MONTHLY_BUDGET_USD = Decimal("0.0000001")
    assert periodic.write(NOVEMBER, on(1)) is None
    report = MonthlyReport.objects.get()
    assert report.state == "failed" and "budget" in report.error.lower()
    assert relay.requests == 0


def test_what_fails_is_tried_three_times_and_no_more(november, relay):
    for day in (1, 2, 3):
        relay.script("unauthorized")
        assert periodic.write(periodic.due(on(day)), on(day)) is None
    assert periodic.due(on(4)) is None


@pytest.mark.parametrize("off", [{"AI_ENABLED": False}, {"RELAY_API_KEY": ""}])
def test_without_ai_it_is_not_due(november, settings, off):
    for name, value in off.items():
        setattr(settings, name, value)
    assert periodic.due(on(1)) is None


@pytest.mark.django_db(transaction=True)
def test_the_job_writes_in_a_thread_of_its_own(november):
    job = import_string(django_settings.PERIODIC_JOBS["write-monthly-report"][0])
    job(on(1)).join(timeout=60)
    assert MonthlyReport.objects.get().state == "done"
    assert job(on(1)) is None
