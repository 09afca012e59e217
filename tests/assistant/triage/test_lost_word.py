"""The database fails just after it has kept an answer, so that the worker does not hear that it did."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import OperationalError

from assistant import throttle
from assistant.models import RelayCall
from assistant.triage import outcomes, stopping
from tickets.models import Classification

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lose(monkeypatch):
    """lose(module, name): what the function does next is done, and the word of it lost."""

    def lose(module, name):
        function = getattr(module, name)

        def lost(*args):
            monkeypatch.setattr(module, name, function)
            function(*args)
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(module, name, lost)

    return lose


def test_an_answer_whose_commit_is_lost_is_paid_for_once(bench, make_tickets, relay, lose):
    make_tickets(3)
    run = bench.start(max_cost=Decimal(1))
    lose(outcomes, "commit")
    run = bench.drain(run)
    assert (run.state, run.classified, run.requests, relay.requests) == ("done", 3, 1, 1)
    assert Classification.objects.count() == 3
    assert run.prompt_tokens == sum(call.prompt_tokens for call in relay.books)
    assert (run.cost, run.reserved) == (RelayCall.objects.get().cost, 0)


def test_an_answer_is_paid_for_once_though_the_run_could_not_be_looked_at_afterwards(
    bench, make_tickets, relay, lose
):
    make_tickets(4)
    relay.set(faults={"missing_result": 1.0})
    run = bench.start()
    lose(stopping, "settle_down")
    run = bench.drain(run)
    assert run.requests == relay.requests
    assert run.cost == sum(RelayCall.objects.values_list("cost", flat=True))


def test_a_request_that_never_left_as_the_database_failed_costs_nothing(bench, make_tickets, relay, lose):
    make_tickets(3)
    run = bench.start(max_cost=Decimal(1))
    lose(throttle, "take")
    run = bench.drain(run)
    assert (run.state, run.classified, relay.requests) == ("done", 3, 1)
    calls = list(RelayCall.objects.order_by("pk").values_list("state", "outcome", "attempts", "cost"))
    assert calls[0] == ("settled", "cancelled", 0, 0)
    assert [call[:2] for call in calls[1:]] == [("settled", "ok")]
