"""Pages that lose nothing, and a thousand tickets at once."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.tickets.api.test_tickets import NEW
from tickets.models import Classification, Customer, Message, Ticket, TicketEvent

pytestmark = pytest.mark.django_db
TICKETS = "/api/v1/tickets/"
THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def many(customer, count: int) -> list[int]:
    rows = [Ticket(customer=customer, subject=f"{n}", created=THEN, updated=THEN) for n in range(count)]
    return [ticket.pk for ticket in Ticket.objects.bulk_create(rows)]


@pytest.mark.parametrize("ordering", ["-created_at", "updated_at"])
def test_tickets_of_one_moment_are_each_seen_once_while_others_come_in(api, erin, ordering):
    there = many(erin, 3000)
    seen: list[int] = []
    address: str | None = f"{TICKETS}?ordering={ordering}&limit=200"
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        many(erin, 20 if len(seen) < 3000 else 0)
        address = page["next"]
    assert len(seen) == len(set(seen)) and set(there) <= set(seen)


def test_the_way_back_is_the_way_there(api, erin):
    many(erin, 25)
    first = api.get(f"{TICKETS}?limit=10").json()
    second = api.get(first["next"]).json()
    assert first["previous"] is None and api.get(second["previous"]).json()["results"] == first["results"]
    last = api.get(second["next"]).json()
    assert (len(last["results"]), last["next"]) == (5, None)


def test_a_cursor_is_good_for_its_own_ordering_alone(api, erin):
    many(erin, 3)
    following = api.get(f"{TICKETS}?limit=1").json()["next"]
    cursor = parse_qs(urlsplit(following).query)["cursor"][0]
    for wrong in (f"?cursor={cursor}&ordering=updated_at", f"?cursor={cursor[:-2]}xx", "?cursor=W10"):
        answer = api.get(TICKETS + wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


def test_a_page_and_a_ticket_take_few_queries_whatever_their_size(api, erin):
    ticket = many(erin, 210)[0]
    for address in (f"{TICKETS}?limit=200", f"{TICKETS}{ticket}/"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert api.get(address).status_code == 200
        assert len(queries) <= 8, [query["sql"] for query in queries]


class TestBulk:
    def test_each_row_has_its_result(self, api, support):
        rows = [
            {**NEW, "external_id": "1", "category": "technical", "tags": ["vip"]},
            {**NEW, "body": ""},
            {**NEW, "external_id": "1"},
            "no ticket",
            {**NEW, "customer": {"email": "other@example.com"}, "category": "no-such"},
            {**NEW, "status": "resolved", "created_at": "2020-01-31T09:30:00+01:00"},
        ]
        answer = api.post("/api/v1/tickets/bulk/", {"tickets": rows}).json()
        assert [row["outcome"] for row in answer["results"]] == [
            "created", "rejected", "exists", "rejected", "rejected", "created"
        ]  # fmt: skip
        assert (answer["created"], answer["existing"], answer["rejected"]) == (2, 1, 3)
        assert answer["results"][0]["id"] == answer["results"][2]["id"]
        assert [row["errors"][0]["field"] for row in answer["results"] if row["errors"]] == ["body", "", "category"]
        first = Ticket.objects.get(pk=answer["results"][0]["id"])
        assert (first.team, first.team_by, first.category_by) == (support, "rule", "person")
        assert Classification.objects.get().ticket == first
        old = Ticket.objects.get(pk=answer["results"][5]["id"])
        assert old.created == old.resolved == datetime(2020, 1, 31, 8, 30, tzinfo=UTC)

    def test_sent_again_it_opens_nothing_twice(self, api):
        rows = {"tickets": [{**NEW, "external_id": str(number)} for number in range(20)]}
        first = api.post("/api/v1/tickets/bulk/", rows).json()
        again = api.post("/api/v1/tickets/bulk/", rows).json()
        assert (first["created"], again["created"], again["existing"]) == (20, 0, 20)
        assert (Ticket.objects.count(), Message.objects.count(), TicketEvent.objects.count()) == (20, 20, 20)
        assert Customer.objects.count() == 1

    def test_a_thousand_take_as_many_queries_as_ten(self, api):
        def queries(count: int) -> int:
            rows = [
                {**NEW, "customer": {"email": f"{number}@a.example"}, "category": "sales", "tags": [f"t{number % 7}"]}
                for number in range(count)
            ]  # fmt: skip
            with CaptureQueriesContext(connection) as captured:
                assert api.post("/api/v1/tickets/bulk/", {"tickets": rows}).json()["created"] == count
            return len(captured)

        assert queries(200) <= queries(10) + 30  # SQLite takes inserts in pieces
        assert api.post("/api/v1/tickets/bulk/", {"tickets": [NEW] * 1001}).status_code == 400
