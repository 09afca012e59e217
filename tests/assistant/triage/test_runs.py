"""A run from its tickets to its end, and the verbs on it."""

import pytest

from assistant.models import TriageRun
from assistant.triage import chunks, runs
from assistant.triage.work import process_chunk
from tickets.models import Category, Classification, Ticket

pytestmark = pytest.mark.django_db


def test_every_ticket_of_a_run_is_classified_once(bench, make_tickets, relay):
    make_tickets(45)
    run = bench.run()
    assert (run.state, run.total, run.classified, run.failed, run.needs_human) == ("done", 45, 45, 0, 0)
    assert run.requests == relay.requests == 3
    assert Classification.objects.count() == Ticket.objects.exclude(category=None).count() == 45
    assert run.started <= run.finished
    assert run.items.filter(classification__ticket__isnull=False).count() == 45


def test_tickets_of_one_chunk_come_back_to_the_tickets_they_belong_to(bench, make_tickets):
    make_tickets(20)
    bench.run()
    invoices = Ticket.objects.filter(messages__body__startswith="I was charged twice")
    crashes = Ticket.objects.filter(messages__body__startswith="The app crashes")
    assert set(invoices.values_list("category__slug", flat=True)) == {"billing"}
    assert set(crashes.values_list("category__slug", flat=True)) == {"technical"}


def test_pause_stops_new_requests_and_resume_goes_on(bench, make_tickets, relay):
    make_tickets(40)
    run = bench.start()
    bench.step()
    runs.pause(run, reason="Lunch")
    assert not bench.step()
    assert (run.state, run.paused_by, run.pause_reason) == ("paused", "person", "Lunch")
    runs.resume(run)
    assert bench.drain(run).classified == 40
    assert (run.state, run.pause_reason) == ("done", "")


def test_an_answer_that_was_under_way_at_a_pause_is_kept(bench, make_tickets, monkeypatch):
    make_tickets(3)
    run = bench.start()
    lease = chunks.claim(bench.clock())
    runs.pause(run)
    process_chunk(lease, bench.worker)
    run.refresh_from_db()
    assert (run.state, run.classified) == ("paused", 3)
    runs.resume(run)
    assert run.state == "done"


def test_cancel_drops_what_is_under_way_and_leaves_what_is_done(bench, make_tickets):
    make_tickets(40)
    run = bench.start()
    bench.step()
    lease = chunks.claim(bench.clock())
    runs.cancel(run)
    process_chunk(lease, bench.worker)
    run.refresh_from_db()
    assert (run.state, run.classified) == ("cancelled", 20)
    with pytest.raises(runs.RunError, match="cancelled"):
        runs.resume(run)
    with pytest.raises(runs.RunError):
        runs.start(run, now=bench.clock())


def test_a_run_starts_once(bench, make_tickets):
    make_tickets(3)
    run = bench.start()
    with pytest.raises(runs.RunError, match="running"):
        runs.start(run, now=bench.clock())
    assert run.chunks.count() == 1


def test_failed_tickets_are_asked_again_by_one_verb(bench, make_tickets, relay):
    make_tickets(5)
    run = bench.start(batch_size=5)
    relay.script("unprocessable", *["unprocessable"] * 2)
    bench.drain(run)
    assert run.failed > 0
    runs.retry_failed(run)
    assert bench.drain(run).state == "done"
    assert (run.classified, run.failed) == (5, 0)
    with pytest.raises(runs.RunError, match="failed"):
        runs.retry_failed(run)


def test_nothing_chosen_is_said_and_leaves_no_run(db):
    for tickets in (Ticket.objects.none(), Ticket.objects.filter(subject="x")):
        with pytest.raises(runs.RunError, match="no tickets"):
            runs.create_run(tickets, user=None)
    assert not TriageRun.objects.exists()


def test_without_active_categories_a_run_does_not_start(bench, make_tickets):
    make_tickets(1)
    Category.objects.update(active=False)
    with pytest.raises(runs.RunError, match="category"):
        bench.start()


def test_when_the_last_category_is_switched_off_the_run_stops_with_a_reason(bench, make_tickets):
    make_tickets(3)
    run = bench.start()
    Category.objects.update(active=False)
    bench.drain(run)
    assert (run.state, run.paused_by, run.failed) == ("paused", "error", 3)
    assert "category" in run.pause_reason
    assert "category" in run.items.first().reason


def test_tickets_deleted_meanwhile_no_longer_count(bench, make_tickets):
    tickets = make_tickets(41)
    run = bench.start()
    bench.step()
    tickets[25].delete()
    tickets[40].delete()
    bench.drain(run)
    assert (run.state, run.total, run.classified) == ("done", 39, 39)


def test_start_makes_full_chunks_in_the_order_of_the_tickets(bench, make_tickets):
    tickets = make_tickets(50)
    run = bench.start(batch_size=20)
    sizes = [
        list(chunk.items.order_by("pk").values_list("ticket_id", flat=True)) for chunk in run.chunks.order_by("pk")
    ]
    assert [len(size) for size in sizes] == [20, 20, 10]
    assert [pk for size in sizes for pk in size] == [ticket.pk for ticket in tickets]
