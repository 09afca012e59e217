"""The admin with many rows: few queries, counts that end, actions on everything."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tickets.admin import base
from tickets.models import Category, Classification, Customer, Message, Tag, Team, Ticket, TicketEvent

pytestmark = pytest.mark.django_db
LIST = "/admin/tickets/ticket/"


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


@pytest.fixture
def queue(alice, support):
    """200 of everything."""
    category = Category.objects.get(slug="technical")
    customers = Customer.objects.bulk_create(Customer(email=f"c{n}@example.com") for n in range(200))
    tickets = Ticket.objects.bulk_create(
        Ticket(customer=customer, subject=f"Nr {n}", category=category, team=support, assignee=alice)
        for n, customer in enumerate(customers)
    )
    Message.objects.bulk_create(Message(ticket=t, kind="reply", author=alice, body="Hello") for t in tickets)
    TicketEvent.objects.bulk_create(TicketEvent(ticket=t, kind="status", actor=alice) for t in tickets)
    Classification.objects.bulk_create(
        Classification(ticket=t, category=category, source="person", author=alice) for t in tickets
    )
    Tag.objects.bulk_create(Tag(name=f"tag {n}") for n in range(200))
    Team.objects.bulk_create(Team(name=f"Team {n}") for n in range(200))
    Category.objects.bulk_create(Category(slug=f"c{n}", name=f"Category {n}") for n in range(200))
    for team in Team.objects.all():
        team.members.add(alice)
        team.categories.add(category)
    return tickets


@pytest.mark.parametrize(
    "model", ["ticket", "message", "ticketevent", "classification", "customer", "team", "category", "tag"]
)
def test_a_list_takes_ten_queries_at_most(desk, queue, model):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = desk.get(f"/admin/tickets/{model}/")
    assert len(response.context["cl"].result_list) == 100
    assert len(queries) <= 10, "\n".join(query["sql"] for query in queries)


def test_the_page_of_a_ticket_does_not_grow_with_its_thread(desk, alice, support, ticket):
    ticket.move(alice, support)
    ticket.assign(alice, alice)
    ticket.set_tags(alice, ["one", "two", "three"])

    def queries():
        with CaptureQueriesContext(connection) as captured:
            response = desk.get(f"/admin/tickets/ticket/{ticket.pk}/change/")
        return len(captured), response.content.decode()

    queries()  # content types are remembered from the first page on
    before, _page = queries()
    for number in range(60):
        ticket.reply(alice, f"answer {number:02}")
        ticket.label(alice, priority=("low", "high")[number % 2])
    after, page = queries()
    assert after == before <= 15
    assert "answer 59" in page and "answer 40" in page and "answer 39" not in page


def test_a_count_ends_at_the_cap_and_says_so(desk, queue, monkeypatch):
    assert "Select all 200 tickets" in " ".join(desk.get(LIST).content.decode().split())
    monkeypatch.setattr(base, "COUNTED", 150)
    page = " ".join(desk.get(LIST).content.decode().split())
    assert "Select all 150+ tickets" in page and "All 150+ selected" in page
    assert len(desk.get(LIST, {"p": 2}).context["cl"].result_list) == 50
    counts = [query["sql"] for query in _queries(desk) if "COUNT" in query["sql"]]
    assert counts and all("LIMIT 151" in sql for sql in counts)


def _queries(desk):
    with CaptureQueriesContext(connection) as captured:
        desk.get(LIST)
    return captured.captured_queries


def test_an_action_on_all_reaches_the_tickets_beyond_the_cap(desk, queue, monkeypatch):
    monkeypatch.setattr(base, "COUNTED", 150)
    reached = []

    def note_count(model_admin, request, queryset):
        reached.append(queryset.count())

    monkeypatch.setattr(admin.site.get_model_admin(Ticket), "actions", [note_count])
    chosen = {"action": "note_count", "_selected_action": [queue[0].pk], "index": 0}
    desk.post(LIST, chosen | {"select_across": "1"})
    desk.post(LIST, chosen | {"select_across": "0"})
    desk.post(f"{LIST}?status__exact=closed", chosen | {"select_across": "1"})
    assert reached[:2] == [200, 1] and reached[2:] in ([], [0])


def test_autocomplete_finds_people_and_customers(desk, queue):
    def found(model, field, term):
        values = {"app_label": "tickets", "model_name": model, "field_name": field, "term": term}
        return [row["text"] for row in desk.get("/admin/autocomplete/", values).json()["results"]]

    assert found("ticket", "customer", "c19@")[0].startswith("c19@")
    assert found("ticket", "assignee", "ali") == [str(User.objects.get(username="alice"))]
    assert found("ticket", "team", "supp") == ["Support"]
