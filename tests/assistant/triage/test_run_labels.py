"""What a run does to labels: people win, at any time, and what changes meanwhile is read anew."""

import pytest

from assistant.models import RelayCall, TriageItem
from assistant.triage import outcomes
from tickets.models import Category, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def test_a_label_that_a_person_set_is_stored_beside_and_never_overwritten(bench, make_tickets, alice):
    ticket, other = make_tickets(2)
    ticket.label(alice, category=Category.objects.get(slug="sales"), priority="low")
    bench.run()
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority, ticket.category_by) == ("sales", "low", "person")
    said = ticket.classifications.get(source="relay")
    assert said.category.slug == "billing"
    assert not said.applied
    other.refresh_from_db()
    assert other.category_by == "relay"


def test_a_label_that_a_person_sets_while_the_relay_thinks_wins(bench, make_tickets, alice, monkeypatch):
    (ticket,) = make_tickets(1)
    run = bench.start()
    commit = outcomes.commit

    def person_first(*args):
        ticket.label(alice, category=Category.objects.get(slug="sales"))
        return commit(*args)

    monkeypatch.setattr(outcomes, "commit", person_first)
    bench.drain(run)
    ticket.refresh_from_db()
    assert ticket.category.slug == "sales"


def test_what_changes_on_a_ticket_names_the_run_in_its_events(bench, make_tickets):
    make_tickets(1)
    run = bench.run()
    causes = set(TicketEvent.objects.filter(kind="category").values_list("cause", flat=True))
    assert causes == {f"triage run {run.pk}"}


def test_a_category_switched_off_while_the_relay_thinks_is_not_applied(bench, make_tickets, monkeypatch):
    make_tickets(4)
    run = bench.start()
    from assistant.triage import work

    parse = work.parse

    def switch_off(*args):
        Category.objects.filter(slug="billing").update(active=False)
        return parse(*args)

    monkeypatch.setattr(work, "parse", switch_off)
    bench.drain(run)
    assert (run.state, run.classified) == ("done", 4)
    assert not Ticket.objects.filter(category__slug="billing").exists()


def test_low_confidence_is_stored_not_applied_and_waits_for_review(bench, make_tickets, settings):
    make_tickets(2)
    settings.TRIAGE_MIN_CONFIDENCE = 1.01
    run = bench.run()
    assert (run.classified, run.needs_human) == (2, 0)
    assert Ticket.objects.filter(needs_review=True, category=None).count() == 2
    assert TriageItem.objects.filter(state="classified", classification__isnull=False).count() == 2


def test_a_ticket_that_changed_while_the_relay_thought_is_read_anew_and_asked_about_once(
    bench, make_tickets, monkeypatch, relay, carol
):
    first, second, gone = make_tickets(3)
    run = bench.start()
    commit = outcomes.commit

    def meanwhile(*args):
        first.label(carol, priority="low")
        second.receive("And now it is worse.")
        gone.delete()
        return commit(*args)

    monkeypatch.setattr(outcomes, "commit", meanwhile)
    bench.drain(run)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (run.state, run.total, run.classified, run.requests, relay.requests) == ("done", 2, 2, 1, 1)
    assert (first.priority, first.priority_by, first.category_by) == ("low", "person", "relay")
    assert second.category_by == "relay"
    calls = RelayCall.objects.get()
    assert (calls.state, run.cost) == (RelayCall.State.SETTLED, calls.cost)
    assert first.classifications.filter(source="relay").get().replaced["priority"] == "low"


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_only_people_label_and_that_is_deleted_meanwhile_costs_no_second_request(
    bench, make_tickets, monkeypatch, relay, carol
):
    own, _ = make_tickets(2)
    own.label(carol, category=Category.objects.first(), priority="low")
    run = bench.start()
    commit = outcomes.commit

    def meanwhile(*args):
        own.delete()
        return commit(*args)

    monkeypatch.setattr(outcomes, "commit", meanwhile)
    bench.drain(run)
    assert (run.state, run.total, run.classified, relay.requests) == ("done", 1, 1, 1)
