"""New tickets classified without anybody asking: off unless chosen, each once, nothing lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone

from assistant import jobs
from assistant.models import Preferences, RelayCall, Spending, TriageItem, TriageRun
from assistant.triage import automatic, runs, upkeep
from tickets.models import Category, Customer, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def on(db) -> Preferences:
    """Automatic triage, switched on."""
    chosen = Preferences(automatic_triage=True)
    chosen.save()
    return chosen


def look(bench, seconds: float = 0) -> TriageRun | None:
    """What the periodic job does, `seconds` later."""
    bench.clock.advance(seconds)
    return automatic.classify_new_tickets(bench.clock())


def open_ticket(bench, customer, **fields) -> Ticket:
    """By the worker's clock, so that a slow machine makes no ticket younger than the test says."""
    return Ticket.objects.open(customer, "I was charged twice, please refund.", **{"now": bench.clock(), **fields})


def import_ticket(bench, customer) -> Ticket:
    return open_ticket(bench, customer, channel="import", now=bench.clock() - timedelta(days=90))


def test_nothing_is_classified_unless_an_admin_has_chosen_it(bench, make_tickets):
    make_tickets(50)
    assert not Preferences.current().automatic_triage
    assert look(bench, 60) is None
    assert not TriageRun.objects.exists()


def test_new_tickets_are_gathered_for_thirty_seconds_and_classified_in_one_request(bench, relay, on, erin):
    tickets = [open_ticket(bench, erin) for _ in range(3)]
    assert look(bench) is None
    assert look(bench, 20) is None
    run = look(bench, 11)
    assert (run.state, run.automatic, run.total, run.created_by) == ("running", True, 3, None)
    assert bench.drain(run).classified == 3 and relay.requests == 1
    assert set(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).values_list("category_by", flat=True)) == {
        "relay"
    }


def test_a_full_request_does_not_wait(bench, on, make_tickets):
    make_tickets(django_settings.TRIAGE_BATCH_SIZE)
    assert look(bench).total == django_settings.TRIAGE_BATCH_SIZE


def test_each_ticket_is_taken_once(bench, on, erin):
    open_ticket(bench, erin)
    first = look(bench, 31)
    assert look(bench, 31) is None
    later = open_ticket(bench, erin)
    second = look(bench, 31)
    assert (first.total, second.total) == (1, 1)
    assert list(second.items.values_list("ticket", flat=True)) == [later.pk]


def test_tickets_from_before_it_was_switched_on_stay_as_they_are(bench, erin, make_tickets):
    make_tickets(30)
    chosen = Preferences(automatic_triage=True)
    chosen.save()
    assert look(bench, 60) is None
    chosen.automatic_triage = False
    chosen.save()
    open_ticket(bench, erin)
    chosen.automatic_triage = True
    chosen.save()
    assert look(bench, 60) is None


def test_what_has_a_label_or_is_no_longer_open_is_left_alone(bench, on, erin, alice):
    open_ticket(bench, erin).label(alice, category=Category.objects.get(slug="sales"))
    open_ticket(bench, erin).close(alice)
    assert look(bench, 60) is None


def test_an_import_spends_nothing_unless_that_is_chosen_too(bench, on, erin):
    import_ticket(bench, erin)
    assert look(bench, 60) is None
    on.automatic_imports = True
    on.save()
    assert look(bench, 60) is None, "those imported before it was chosen are not taken"
    chosen = import_ticket(bench, erin)
    assert list(look(bench, 31).items.values_list("ticket", flat=True)) == [chosen.pk]


def test_while_ai_is_off_tickets_wait_and_are_taken_up_later(bench, on, erin, settings):
    open_ticket(bench, erin)
    settings.AI_ENABLED = False
    assert look(bench, 60) is None
    open_ticket(bench, erin)
    settings.AI_ENABLED = True
    assert look(bench).total == 2


def test_switching_ai_off_under_way_pauses_and_switching_it_on_goes_on(bench, on, erin, settings):
    open_ticket(bench, erin)
    run = look(bench, 31)
    settings.AI_ENABLED = False
    bench.drain(run)
    assert (run.state, run.paused_by) == ("paused", "switch")
    assert automatic.resume_switched_on(bench.clock()) == 0
    settings.AI_ENABLED = True
    assert automatic.resume_switched_on(bench.clock()) == 1
    run.refresh_from_db()
    assert bench.drain(run).classified == 1


def test_a_used_up_budget_holds_new_tickets_back_in_one_run_and_they_go_on_with_the_next(
    bench, relay, on, erin, settings
):
    settings.MONTHLY_BUDGET_USD = Decimal("0.000001")
    open_ticket(bench, erin)
    run = bench.drain(look(bench, 31))
    assert (run.state, run.paused_by) == ("paused", "budget")
    open_ticket(bench, erin)
    assert look(bench, 60) is None and relay.requests == 0
    assert upkeep.resume_within_budget(bench.clock()) == 0 and relay.requests == 0
    settings.MONTHLY_BUDGET_USD = Decimal(100)
    Spending.objects.all().delete()
    upkeep.resume_within_budget(bench.clock())
    run.refresh_from_db()
    assert bench.drain(run).classified == 1
    assert bench.drain(look(bench)).classified == 1
    assert TriageItem.objects.filter(state="classified").count() == 2


def test_a_run_that_a_person_paused_stays_paused_and_holds_the_next(bench, on, erin):
    open_ticket(bench, erin)
    run = look(bench, 31)
    runs.pause(run, reason="Paused by Carol")
    open_ticket(bench, erin)
    assert automatic.resume_switched_on(bench.clock()) == 0 and look(bench, 60) is None
    runs.cancel(run)
    assert look(bench).total == 1


def test_a_person_s_draft_or_cancelled_draft_keeps_no_ticket_from_it(bench, on, erin):
    ticket = open_ticket(bench, erin)
    draft = runs.create_run(Ticket.objects.filter(pk=ticket.pk), user=None)
    runs.cancel(runs.create_run(Ticket.objects.filter(pk=ticket.pk), user=None))
    assert look(bench, 31).total == 1
    assert draft.items.count() == 1


def test_a_cancelled_automatic_run_does_not_come_back(bench, on, erin):
    open_ticket(bench, erin)
    runs.cancel(look(bench, 31))
    assert look(bench, 60) is None


def test_an_error_no_retry_mends_costs_one_request_and_not_one_every_half_minute(bench, relay, on, erin):
    relay.set(faults={"unauthorized": 1.0})
    open_ticket(bench, erin)
    run = bench.drain(look(bench, 31))
    assert (run.state, run.paused_by) == ("paused", "error")
    for _ in range(5):
        open_ticket(bench, erin)
        assert look(bench, 60) is None
    assert relay.requests == 1


def test_without_a_category_to_choose_from_tickets_wait(bench, on, erin):
    open_ticket(bench, erin)
    Category.objects.update(active=False)
    assert look(bench, 60) is None and not TriageRun.objects.exists()
    Category.objects.update(active=True)
    assert look(bench).total == 1


def test_its_runs_are_in_the_ledger_and_know_what_they_should_cost(bench, on, erin):
    open_ticket(bench, erin)
    run = bench.drain(look(bench, 31))
    assert run.estimated_cost > 0
    assert RelayCall.objects.get().run == run


@pytest.mark.django_db(transaction=True)
def test_workers_that_look_at_the_same_moment_start_one_run():
    Preferences(automatic_triage=True).save()
    customer = Customer.objects.create(email="jo@example.com")
    for _ in range(5):
        Ticket.objects.open(customer, "I was charged twice, please refund.")
    now = timezone.now() + timedelta(minutes=1)
    at_once = threading.Barrier(4)

    def work() -> None:
        at_once.wait()
        automatic.classify_new_tickets(now)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert TriageRun.objects.count() == 1 and TriageItem.objects.count() == 5


def test_the_worker_s_periodic_jobs_do_it(bench, on, erin):
    Ticket.objects.open(erin, "Hello", now=timezone.now() - timedelta(minutes=1))
    assert {"classify-new-tickets", "resume-automatic-triage"} <= set(jobs.run_due(timezone.now()))
    assert TriageRun.objects.get().automatic


def test_looking_costs_few_queries_while_there_is_nothing_to_do(
    on, make_tickets, django_assert_max_num_queries, bench
):
    make_tickets(5)
    with django_assert_max_num_queries(3):
        assert look(bench) is None


def test_an_admin_switches_it_on_where_its_cost_is_said(carol, erin, bench):
    client = Client()
    client.force_login(carol)
    assert client.get("/admin/assistant/preferences/", follow=True).status_code == 200
    open_ticket(bench, erin)
    html = client.get("/admin/assistant/preferences/1/change/").content.decode()
    assert "a new ticket costs about 0.0" in html and "last 30 days, imports aside: 1," in html
    assert client.get("/admin/assistant/preferences/add/").status_code == 403
    assert client.get("/admin/assistant/preferences/1/delete/").status_code == 403
    answer = client.post("/admin/assistant/preferences/1/change/", {"automatic_triage": "on"}, follow=True)
    assert answer.status_code == 200 and Preferences.current().automatic_triage
    open_ticket(bench, erin)
    run = look(bench, 31)
    runs.pause(run, reason="Paused by Carol")
    html = client.get("/admin/assistant/preferences/1/change/").content.decode()
    assert f"Triage run {run.pk}" in html and "Paused by Carol" in html


def test_agents_do_not_see_the_preferences(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/admin/assistant/preferences/").status_code == 302
