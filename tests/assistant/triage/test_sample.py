"""A few tickets first: their answers are seen before anything is changed."""

from decimal import Decimal

import pytest

from assistant.models import RelayCall, TriageRun
from assistant.triage import runs, sample
from tickets.models import Category, Classification, Ticket

pytestmark = pytest.mark.django_db


def values():
    return list(Ticket.objects.order_by("pk").values())


@pytest.fixture
def sampled(bench):
    """sampled(size) -> a run over all tickets of which a sample has been answered."""

    def make(size=20, **options) -> TriageRun:
        run = runs.create_run(Ticket.objects.all(), user=None, **options)
        runs.take_sample(run, size=size, now=bench.clock())
        return bench.drain(run)

    return make


def test_a_sample_is_answered_and_changes_no_ticket(make_tickets, sampled, relay):
    make_tickets(100)
    before = values()
    run = sampled(20)
    assert (run.state, run.total, run.classified, run.sample_size) == ("sampled", 100, 20, 20)
    assert values() == before
    assert relay.requests == run.requests == 1
    assert Classification.objects.filter(category_applied=False, priority_applied=False, replaced={}).count() == 20
    assert not Ticket.objects.filter(events__isnull=False).exists()


def test_a_sample_is_spread_over_the_run_and_the_same_each_time(make_tickets, sampled, bench):
    make_tickets(100)
    run = sampled(10)
    ids = list(run.items.order_by("pk").values_list("pk", flat=True))
    chosen = [ids.index(pk) for pk in run.items.exclude(state="pending").order_by("pk").values_list("pk", flat=True)]
    assert [place // 10 for place in chosen] == list(range(10))
    assert len({place % 10 for place in chosen}) > 2
    runs.take_sample(run, size=10, now=bench.clock())
    bench.drain(run)
    again = run.items.exclude(state="pending").order_by("pk").values_list("pk", flat=True)
    assert [ids.index(pk) for pk in again] == chosen
    assert (run.state, run.classified, run.requests) == ("sampled", 10, 2)


def test_apply_and_run_all_asks_nobody_twice(make_tickets, sampled, bench, relay):
    make_tickets(50)
    run = sampled(20, batch_size=20)
    asked = relay.requests
    runs.start(run, now=bench.clock(), apply_sample=True)
    assert run.classified == 20 == Ticket.objects.filter(category_by="relay").count()
    bench.drain(run)
    assert (run.state, run.classified, run.total, run.sample_size) == ("done", 50, 50, None)
    assert relay.requests == asked + 2
    assert Ticket.objects.filter(category_by="relay").count() == 50
    applied = run.items.filter(classification__category_applied=True)
    assert applied.count() == 50


def test_people_win_between_the_sample_and_its_application(make_tickets, sampled, bench, alice):
    ticket, *_ = make_tickets(5)
    run = sampled(5)
    ticket.label(alice, category=Category.objects.get(slug="sales"))
    runs.start(run, now=bench.clock(), apply_sample=True)
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.category_by, ticket.priority_by) == ("sales", "person", "relay")
    assert run.state == "done"


def test_run_all_asks_about_the_sample_anew_with_all_others(make_tickets, sampled, bench, relay):
    make_tickets(50)
    run = sampled(20, batch_size=50)
    cost = run.cost
    runs.start(run, now=bench.clock())
    assert run.classified == 0
    bench.drain(run)
    assert (run.state, run.classified, run.requests, relay.requests) == ("done", 50, 2, 2)
    assert run.cost > cost > 0
    assert Classification.objects.count() == 70


def test_a_sample_that_is_dropped_leaves_nothing_but_its_bill(make_tickets, sampled, bench):
    make_tickets(30)
    before = values()
    run = sampled(10)
    runs.cancel(run)
    assert (run.state, values()) == ("cancelled", before)
    assert run.cost > 0
    with pytest.raises(runs.RunError):
        runs.start(run, now=bench.clock(), apply_sample=True)


def test_what_the_sample_could_not_answer_asks_for_review_only_when_applied(make_tickets, sampled, bench, relay):
    make_tickets(8)
    relay.set(faults={"confidence_words": 1.0})
    run = sampled(4)
    assert (run.state, run.needs_human) == ("sampled", 4)
    assert not Ticket.objects.filter(needs_review=True).exists()
    relay.set(faults={})
    runs.start(run, now=bench.clock(), apply_sample=True)
    assert Ticket.objects.filter(needs_review=True).count() == 4
    bench.drain(run)
    assert (run.state, run.needs_human, run.classified) == ("done", 4, 4)


def test_what_failed_in_the_sample_is_asked_again_with_the_rest(make_tickets, sampled, bench, relay):
    make_tickets(30)
    relay.script("unprocessable")
    run = sampled(10, batch_size=5)
    assert (run.state, run.classified, run.failed) == ("sampled", 5, 5) or run.classified == 10
    runs.start(run, now=bench.clock(), apply_sample=True)
    assert run.failed == 0
    bench.drain(run)
    assert (run.state, run.classified, run.failed) == ("done", 30, 0)


def test_a_sample_stopped_by_an_error_goes_on_as_a_sample(make_tickets, sampled, bench, relay):
    make_tickets(30)
    relay.script("unauthorized")
    run = sampled(10)
    assert (run.state, run.paused_by, run.failed) == ("paused", "error", 10)
    runs.retry_failed(run)
    bench.drain(run)
    assert (run.state, run.classified, run.failed) == ("sampled", 10, 0)


def test_a_category_switched_off_since_the_sample_is_asked_again(make_tickets, sampled, bench):
    make_tickets(8)
    run = sampled(8)
    Category.objects.filter(slug="billing").update(active=False)
    runs.start(run, now=bench.clock(), apply_sample=True)
    assert run.state == "running"
    bench.drain(run)
    assert (run.state, run.classified) == ("done", 8)
    assert not Ticket.objects.filter(category__slug="billing").exists()


def test_a_sample_of_more_than_there_are_takes_all(make_tickets, sampled):
    make_tickets(3)
    run = sampled(20)
    assert (run.state, run.sample_size, run.classified) == ("sampled", 3, 3)


def test_an_applied_sample_is_undone_with_its_run(make_tickets, sampled, bench, carol):
    make_tickets(30)
    before = [(row["category_id"], row["priority"], row["category_by"]) for row in values()]
    run = sampled(10)
    runs.start(run, now=bench.clock(), apply_sample=True)
    bench.drain(run)
    assert runs.undo(run, carol, bench.clock()) == runs.Undone(restored=30, left=0)
    assert [(row["category_id"], row["priority"], row["category_by"]) for row in values()] == before


def test_the_differences_say_what_would_become_of_each_label(
    make_tickets, sampled, alice, settings, django_assert_num_queries
):
    own, same, other, plain = make_tickets(4)
    own.label(alice, category=Category.objects.get(slug="sales"))
    Ticket.objects.filter(pk=same.pk).update(category=Category.objects.get(slug="technical"))
    Ticket.objects.filter(pk=other.pk).update(category=Category.objects.get(slug="billing"))
    run = sampled(4)
    with django_assert_num_queries(1):
        rows = {row.item.ticket_id: row for row in sample.differences(run)}
    assert rows[own.pk].category == sample.Field("Sales", "Billing", "person")
    assert rows[same.pk].category == sample.Field("Technical", "Technical", "same")
    assert rows[other.pk].category == sample.Field("Billing", "Sales", "changed")
    assert rows[plain.pk].category == sample.Field("–", "General", "changed")
    settings.TRIAGE_MIN_CONFIDENCE = 1.01
    fates = {row.item.ticket_id: row.category.fate for row in sample.differences(run)}
    assert fates == {own.pk: "person", same.pk: "same", other.pk: "review", plain.pk: "review"}


def test_the_estimate_is_made_anew_from_the_sample_and_close_to_the_bill(make_tickets, sampled, bench):
    make_tickets(200)
    run = sampled(20)
    paid = sample.bill(run)
    call = RelayCall.objects.get(run=run)
    assert (paid.used.prompt_tokens, paid.used.completion_tokens, paid.cost) == (
        call.prompt_tokens,
        call.completion_tokens,
        call.cost,
    )
    _, expected = sample.forecast(run, paid)
    spent = run.cost
    runs.start(run, now=bench.clock())
    bench.drain(run)
    assert (expected.tickets, expected.requests) == (200, 10)
    assert abs((run.cost - spent) / expected.cost - 1) < Decimal("0.1")


def test_an_unknown_price_stays_unknown(make_tickets, sampled):
    make_tickets(5)
    run = sampled(5, model="gpt-3.5")
    rest, anew = sample.forecast(run, sample.bill(run))
    assert (rest.cost, anew.cost) == (0, None)
