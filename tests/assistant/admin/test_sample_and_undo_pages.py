"""A sample looked at before the run, and a run taken back, by their buttons."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assistant.models import PeriodicJob, TriageRun
from assistant.triage import undo as undo_module
from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db
GIVEN = {"model": "deepseek-v3.2", "other_model": "", "batch_size": "20", "concurrency": "4", "rpm": "",
         "max_cost": ""}  # fmt: skip


def address(run, end):
    return f"/admin/assistant/triagerun/{run.pk}/{end}/"


@pytest.fixture
def sampled(desk, bench, make_run):
    """sampled(n) -> a run over 40 tickets whose sample of n, taken at the start page, has been answered."""

    def make(size=20, count=40, **changes) -> TriageRun:
        run = make_run(count)
        response = desk.post(address(run, "start"), {**GIVEN, "size": size, **changes, "sample": ""})
        assert response.url == run.get_absolute_url()
        return bench.drain(run)

    return make


def test_while_a_sample_is_answered_its_page_says_what_it_is(desk, make_run):
    run = make_run(40)
    desk.post(address(run, "start"), {**GIVEN, "size": 10, "sample": ""})
    run.refresh_from_db()
    shown = desk.get(run.get_absolute_url()).content.decode()
    assert "A sample of 10 of 40 tickets" in shown
    assert 'max="10"' in shown
    assert 0 < run.estimated_cost < Decimal("0.01")


def test_the_sample_stands_beside_todays_labels(desk, sampled, alice, make_tickets):
    run = sampled(40)
    own, same, *_ = [item.ticket for item in run.items.order_by("pk")]
    own.label(alice, category=Category.objects.get(slug="sales"))
    Ticket.objects.filter(pk=same.pk).update(category=Category.objects.get(slug="technical"))
    shown = desk.get(run.get_absolute_url(), follow=True).content.decode()
    assert "40 of 40 tickets have been answered. No ticket has been changed." in shown
    row = shown.split(f'href="/tickets/{own.pk}/"')[1].split("</tr>")[0]
    assert "by a person, stays" in row and "AI: Billing" in row
    row = shown.split(f'href="/tickets/{same.pk}/"')[1].split("</tr>")[0]
    assert '<span class="run-label">Technical</span> <small>same</small>' in row


def test_the_cost_of_the_sample_and_the_estimate_from_it_are_shown(desk, sampled):
    run = sampled(20, count=200)
    shown = desk.get(address(run, "sample")).content.decode()
    plans = shown.split('class="run-table run-items run-plans"')[1].split("</table>")[0]
    assert "This sample" in plans
    assert f'title="{run.cost.normalize():f} USD"' in plans
    assert ">180</td>" in plans and "≈ 9</td>" in plans
    assert ">200</td>" in plans and "≈ 10</td>" in plans


def test_the_page_of_a_sample_takes_as_many_queries_for_many_tickets_as_for_few(desk, sampled):
    counts = []
    for size in (5, 100):
        run = sampled(size, count=120)
        with CaptureQueriesContext(connection) as queries:
            desk.get(address(run, "sample"))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


@pytest.mark.parametrize(("button", "asked"), [("apply", 2), ("all", 3)])
def test_a_sample_is_applied_or_asked_anew_by_its_buttons(desk, bench, sampled, relay, button, asked):
    run = sampled(20, count=40)
    response = desk.post(address(run, "sample"), {button: ""})
    assert response.url == run.get_absolute_url()
    run.refresh_from_db()
    estimated = run.estimated_cost
    bench.drain(run)
    assert (run.state, run.classified, relay.requests) == ("done", 40, asked)
    assert abs(run.cost / estimated - 1) < Decimal("0.15")


def test_a_sample_is_dropped_by_its_button(desk, sampled):
    run = sampled(5)
    shown = desk.post(address(run, "sample"), {"drop": ""}, follow=True).content.decode()
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "no ticket was changed" in shown
    assert not Ticket.objects.exclude(category=None).exists()


def test_after_a_sample_another_model_can_be_chosen(desk, sampled, bench):
    run = sampled(5)
    assert "Back to the sample" in desk.get(address(run, "start")).content.decode()
    desk.post(address(run, "start"), {**GIVEN, "model": "gpt-4.1", "size": 8, "sample": ""})
    bench.drain(run)
    assert (run.state, run.classified, run.model) == ("sampled", 8, "gpt-4.1")


def test_a_sample_size_out_of_range_is_told(desk, make_run):
    run = make_run(3)
    shown = desk.post(address(run, "start"), {**GIVEN, "size": "0", "sample": ""}).content.decode()
    assert "Tickets in a sample: Ensure this value is greater than or equal to 1." in shown
    run.refresh_from_db()
    assert run.state == "draft"


def test_undo_asks_first_the_worker_does_it_and_the_page_says_what_has_come_of_it(desk, bench, make_tickets, alice):
    first, *_ = make_tickets(5)
    run = bench.run()
    question = desk.get(address(run, "undo")).content.decode()
    assert "This run has classified 5 tickets." in question
    run.refresh_from_db()
    assert run.state == "done"
    first.refresh_from_db()
    first.label(alice, category=Category.objects.get(slug="sales"))
    shown = desk.post(address(run, "undo"), follow=True).content.decode()
    assert "Being undone: 5 tickets to go." in shown and "The run is being undone." in shown
    assert Ticket.objects.exclude(category=None).count() == 5
    undo_module.undo_some(bench.clock())
    shown = desk.get(run.get_absolute_url()).content.decode()
    assert "4 tickets are as they were before." in shown and "Being undone" not in shown
    assert "1 ticket was left in part or whole because it has been changed since." in shown
    assert 'id="run-undo"' not in shown
    assert desk.get(address(run, "undo")).url == run.get_absolute_url()


def test_the_click_on_undo_costs_as_much_for_many_tickets_as_for_few(desk, bench, make_tickets):
    counts = []
    for count in (1, 5, 300):  # the first of a process asks for what is kept from then on
        tickets = make_tickets(count)
        run = bench.run(Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]))
        with CaptureQueriesContext(connection) as queries:
            desk.post(address(run, "undo"))
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_a_waiting_undo_without_a_worker_is_told(desk, bench, make_tickets):
    make_tickets(5)
    run = bench.run()
    shown = desk.post(address(run, "undo"), follow=True).content.decode()
    assert "No worker is running" in shown
    PeriodicJob.claim("undo-runs", 1, timezone.now())
    assert "No worker is running" not in desk.get(run.get_absolute_url()).content.decode()


def test_all_open_tickets_without_a_category_are_one_click_away(desk, make_tickets, carol):
    labelled, closed, *_ = make_tickets(5)
    Ticket.objects.filter(pk=labelled.pk).update(category=Category.objects.first())
    Ticket.objects.filter(pk=closed.pk).update(status="closed")
    assert 'id="run-open-tickets"' in desk.get("/admin/assistant/triagerun/").content.decode()
    response = desk.post("/admin/assistant/triagerun/open/")
    run = TriageRun.objects.get()
    assert response.url == address(run, "start")
    assert (run.total, run.created_by, run.chosen) == (3, carol, "open tickets without a category")
    Ticket.objects.update(status="closed")
    again = desk.post("/admin/assistant/triagerun/open/", follow=True)
    assert "Every open ticket has a category." in again.content.decode()
    assert desk.get("/admin/assistant/triagerun/open/").status_code == 405


@pytest.mark.parametrize("end", ["sample", "undo"])
def test_agents_neither_sample_nor_undo(client, alice, bench, make_tickets, end):
    make_tickets(2)
    run = bench.run()
    client.force_login(alice)
    assert "/login/" in client.get(address(run, end)).url
    client.post(address(run, end))
    run.refresh_from_db()
    assert run.state == "done"
