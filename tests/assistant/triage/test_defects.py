"""A defect of ours in what is done with an answer, as after an upgrade without its migrations."""

from __future__ import annotations

import pytest
from django.db import connection

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
