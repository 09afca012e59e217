"""A defect of ours in what is done with an answer, as after an upgrade without its migrations."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from assistant.triage import outcomes, work

pytestmark = pytest.mark.django_db(transaction=True)


def rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_a_run_whose_answers_can_never_be_stored_fails_instead_of_paying_for_ever(bench, make_tickets, relay):
    make_tickets(2)
    run = bench.start()
    rename("tickets_classification", "tickets_other")
    try:
        for _try in range(10):
            bench.step()
            bench.clock.advance(60)
    finally:
        rename("tickets_other", "tickets_classification")
    run.refresh_from_db()
    assert relay.requests == 3
    assert run.failed == 2


def test_answers_that_the_database_goes_on_to_refuse_are_not_paid_for_without_end(
    bench, make_tickets, relay, monkeypatch
):
    """As under a role's statement_timeout: all is well but the largest transaction."""

    def refuse(*args):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(outcomes, "commit", refuse)
    monkeypatch.setattr(work, "KEEP_PAUSES", (0.0, 0.0))
    make_tickets(2)
    run = bench.start()
    for _try in range(10):
        bench.step()
        bench.clock.advance(60)
    run.refresh_from_db()
    assert relay.requests == 3
    assert run.failed == 2
    assert "statement timeout" in run.items.first().reason
