from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import QuerySet, Value
from django.test.utils import CaptureQueriesContext

from tickets.models import Customer, Ticket
from tickets.prepared import rows_of

pytestmark = pytest.mark.django_db

written: list[tuple[object, ...]] = []


def _of(status: str, *customers: int) -> QuerySet:
    """Two parts, so that each number stands in a place of its own."""
    written.append((status, *customers))
    parts = [
        Ticket.objects.order_by().filter(customer=one, status=status).annotate(part=Value(one)) for one in customers
    ]
    columns = ("part", "subject", "created", "needs_review", "customer__email")
    return parts[0].values_list(*columns).union(*(part.values_list(*columns) for part in parts[1:]), all=True)


def test_a_query_is_written_once_and_answers_for_whatever_it_is_asked():
    people = [Customer.objects.create(email=f"p{number}@example.com") for number in range(3)]
    tickets = [Ticket.objects.open(person, "Body", subject=f"Of {person.email}") for person in people]
    written.clear()

    for one, other in ((0, 1), (2, 0), (1, 2)):
        with CaptureQueriesContext(connection) as queries:
            rows = rows_of(_of, people[one].pk, people[other].pk, fixed=("open",))
        asked = [tickets[one], tickets[other]]
        assert len(queries) == 1
        expected = {(t.customer_id, t.subject, t.created, False, t.customer.email) for t in asked}
        assert set(rows) == expected, "values come as Django gives them: moments, booleans, texts"
    assert len(written) == 1

    assert rows_of(_of, people[0].pk, people[1].pk, fixed=("closed",)) == []
    assert len(written) == 2, "what is no number makes another query"
