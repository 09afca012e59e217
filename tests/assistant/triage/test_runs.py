"""A run from its tickets to its end, and the verbs on it."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.models import RelayCall, RelayPrice, TriageChunk, TriageItem, TriageRun
from assistant.pricing import cost_of
from assistant.relay.types import Usage
from assistant.triage import chunks, outcomes, runs
from assistant.triage.work import process_chunk
from tickets.models import Category, Classification, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def outcomes_of(run):
    return sorted(run.items.values_list("state", flat=True))


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


def test_the_ledger_holds_the_tokens_the_relay_counted_and_costs_them_to_the_last_digit(bench, make_tickets, relay):
    make_tickets(30)
    relay.script("missing_result", "server_error_final", "rate_limit_ms")
    run = bench.run(batch_size=7)
    usage = [(call.prompt_tokens, call.completion_tokens) for call in relay.books if call.status == 200]
    prompt, completion = sum(u[0] for u in usage), sum(u[1] for u in usage)
    price = RelayPrice.objects.get(model__name="deepseek-v3.2")
    expected = sum(cost_of(Usage(*counted), price) for counted in usage)
    assert (run.prompt_tokens, run.completion_tokens, run.cost) == (prompt, completion, expected)
    calls = RelayCall.objects.filter(run=run)
    assert sum(call.cost or Decimal(0) for call in calls) == expected
    assert sum(call.attempts for call in calls) == run.requests == relay.requests
    assert not calls.filter(state=RelayCall.State.RESERVED).exists()


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


def test_an_answer_under_an_old_fence_changes_nothing_but_the_books(bench, make_tickets, relay):
    make_tickets(3)
    run = bench.start()
    slow = chunks.claim(bench.clock(), seconds=10)
    bench.clock.advance(11)
    quick = chunks.claim(bench.clock(), seconds=10)
    assert quick.chunk_id == slow.chunk_id and quick.fence == slow.fence + 1
    process_chunk(quick, bench.worker)
    before = list(Classification.objects.values())
    process_chunk(slow, bench.worker)
    assert relay.requests == 1  # the lease was seen to be lost before anything was sent
    assert not chunks.finish(slow) and not chunks.give_back(slow, bench.clock())
    assert list(Classification.objects.values()) == before
    run.refresh_from_db()
    assert (run.state, run.classified) == ("done", 3)


def test_an_answer_that_comes_after_its_lease_was_taken_over_is_paid_for_and_dropped(
    bench, make_tickets, monkeypatch, relay
):
    make_tickets(3)
    run = bench.start()
    commit = outcomes.commit

    def take_over(*args):
        monkeypatch.setattr(outcomes, "commit", commit)
        bench.clock.advance(61)
        assert bench.step()
        return commit(*args)

    monkeypatch.setattr(outcomes, "commit", take_over)
    bench.step()
    run.refresh_from_db()
    assert (run.state, run.classified, run.requests, relay.requests) == ("done", 3, 2, 2)
    assert Classification.objects.count() == 3
    assert run.prompt_tokens == sum(call.prompt_tokens for call in relay.books)


def test_a_run_has_no_more_requests_out_than_its_concurrency(bench, make_tickets):
    make_tickets(10)
    bench.start(batch_size=1, concurrency=2)
    assert chunks.claim(bench.clock())
    assert chunks.claim(bench.clock())
    assert chunks.claim(bench.clock()) is None


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


def test_low_confidence_is_stored_not_applied_and_waits_for_review(bench, make_tickets, settings):
    make_tickets(2)
    settings.TRIAGE_MIN_CONFIDENCE = 1.01
    run = bench.run()
    assert (run.classified, run.needs_human) == (2, 0)
    assert Ticket.objects.filter(needs_review=True, category=None).count() == 2
    assert TriageItem.objects.filter(state="classified", classification__isnull=False).count() == 2


def test_the_run_bears_its_persons_budget(bench, make_tickets, carol: User, settings):
    make_tickets(40)
    settings.USER_DAILY_BUDGET_USD = Decimal("0.0000001")
    run = bench.run(user=carol)
    assert (run.state, run.paused_by, run.classified, run.failed) == ("paused", "budget", 0, 0)
    assert "daily" in run.pause_reason
    settings.USER_DAILY_BUDGET_USD = None
    runs.resume(run)
    assert bench.drain(run).classified == 40


def test_a_run_never_costs_more_than_its_limit(bench, make_tickets):
    make_tickets(200)
    run = bench.run(batch_size=5, max_cost=Decimal("0.008"))
    assert (run.state, run.paused_by) == ("paused", "budget")
    assert 0 < run.classified < 200
    assert run.cost <= Decimal("0.008")
    assert run.reserved == 0
    assert "0.008 USD" in run.pause_reason
    runs.resume(run, max_cost=Decimal(1))
    assert bench.drain(run).classified == 200


def test_a_limit_that_other_calls_still_hold_makes_a_chunk_wait_and_not_the_run_pause(bench, make_tickets):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    TriageRun.objects.update(reserved=Decimal("0.007"))
    other = chunks.claim(bench.clock())
    assert bench.step()
    run.refresh_from_db()
    assert (run.state, run.classified) == ("running", 0)
    TriageRun.objects.update(reserved=0)
    process_chunk(other, bench.worker)
    assert bench.drain(run).classified == 10


def test_what_a_dead_worker_had_set_aside_comes_back_where_no_call_of_its_left(bench, make_tickets):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    chunks.claim(bench.clock())
    TriageRun.objects.update(reserved=Decimal("0.007"))
    bench.clock.advance(chunks.LEASE_SECONDS + 1)
    assert bench.drain(run).classified == 10
    assert (run.state, run.reserved) == ("done", 0)


@pytest.mark.parametrize("state", [RelayCall.State.RESERVED, RelayCall.State.UNKNOWN])
def test_what_may_have_been_billed_to_a_dead_worker_keeps_counting(bench, make_tickets, relay, state):
    make_tickets(10)
    run = bench.start(batch_size=5, max_cost=Decimal("0.008"))
    RelayCall.objects.create(kind="triage", model=run.model, run=run, state=state, reserved_cost=Decimal("0.007"))
    TriageRun.objects.update(reserved=Decimal("0.007"))
    bench.drain(run)
    assert (run.state, run.paused_by, run.reserved) == ("paused", "budget", Decimal("0.007"))
    assert relay.requests == 0


def test_an_answer_that_we_failed_to_keep_still_counts_against_the_limit(bench, make_tickets, monkeypatch):
    make_tickets(10)
    monkeypatch.setattr("assistant.triage.work.parse", lambda *args: 1 / 0)
    run = bench.run(batch_size=10, max_cost=Decimal("0.008"))
    unsettled = [call.reserved_cost for call in RelayCall.objects.filter(state="reserved")]
    assert (run.classified, run.reserved) == (0, sum(unsettled)) and unsettled


def test_a_limit_needs_a_known_price(bench, make_tickets):
    make_tickets(1)
    with pytest.raises(runs.RunError, match=r"gpt-3\.5-turbo"):
        bench.start(model="gpt-3.5", max_cost=Decimal(1))


def test_an_unknown_price_is_unknown_and_never_0(bench, make_tickets):
    make_tickets(2)
    run = bench.run(model="gpt-3.5")
    assert run.known_cost is None
    assert runs.progress([run.pk])[run.pk].cost is None


def test_the_kill_switch_pauses_with_its_sentence_and_loses_nothing(bench, make_tickets, settings):
    make_tickets(3)
    run = bench.start()
    settings.AI_ENABLED = False
    bench.drain(run)
    assert (run.state, run.failed) == ("paused", 0)
    assert "AI_ENABLED" in run.pause_reason
    with pytest.raises(runs.RunError, match="AI_ENABLED"):
        runs.resume(run)
    settings.AI_ENABLED = True
    runs.resume(run)
    assert bench.drain(run).classified == 3


def test_a_chunk_above_the_token_cap_is_halved_before_it_is_sent(bench, make_tickets, relay, monkeypatch):
    monkeypatch.setattr("assistant.triage.question.MAX_PROMPT_TOKENS", 900)
    make_tickets(40)
    run = bench.run(batch_size=40)
    assert run.classified == 40
    assert all(call.prompt_tokens < 1100 for call in relay.books)
    assert relay.requests > 1


def test_expired_leases_are_freed_by_the_periodic_job(bench, make_tickets):
    make_tickets(1)
    bench.start()
    chunks.claim(bench.clock())
    assert chunks.requeue_expired(bench.clock()) == 0
    bench.clock.advance(61)
    assert chunks.requeue_expired(bench.clock()) == 1
    assert TriageChunk.objects.get().state == "pending"


def test_a_renewed_lease_is_not_taken_over(bench, make_tickets):
    make_tickets(1)
    bench.start()
    lease = chunks.claim(bench.clock())
    bench.clock.advance(50)
    chunks.renew([lease], bench.clock())
    bench.clock.advance(50)
    assert chunks.claim(bench.clock()) is None


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
