"""A run's chunks: leased, fenced, taken over, given free."""

import pytest

from assistant.models import TriageChunk
from assistant.triage import chunks, outcomes
from assistant.triage.work import process_chunk
from tickets.models import Classification

pytestmark = pytest.mark.django_db


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
