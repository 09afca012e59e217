"""“Classify with AI…” in the list of tickets."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from assistant.models import TriageRun
from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db
LIST = "/admin/tickets/ticket/"


def choose(client, picked, *, across=False, query=""):
    form = {"action": "classify_with_ai", ACTION_CHECKBOX_NAME: picked, "select_across": "1" if across else "0"}
    return client.post(f"{LIST}{query}", form)


def tickets_of(run):
    return set(run.items.values_list("ticket_id", flat=True))


def test_picked_tickets_and_no_others_make_a_draft_of_a_run(desk, make_tickets, carol):
    tickets = make_tickets(5)
    response = choose(desk, [tickets[0].pk, tickets[3].pk])
    run = TriageRun.objects.get()
    assert response.url == f"/admin/assistant/triagerun/{run.pk}/start/"
    assert tickets_of(run) == {tickets[0].pk, tickets[3].pk}
    assert (run.state, run.total, run.created_by, run.chosen) == ("draft", 2, carol, "2 tickets picked")


def test_all_tickets_beyond_the_page_are_chosen(desk, make_tickets):
    tickets = make_tickets(130)
    choose(desk, [tickets[0].pk], across=True)
    run = TriageRun.objects.get()
    assert tickets_of(run) == {ticket.pk for ticket in tickets}
    assert run.chosen == "all tickets"


def test_all_means_all_that_the_filters_let_through(desk, make_tickets):
    tickets = make_tickets(250)
    closed = {ticket.pk for ticket in tickets[::2]}
    Ticket.objects.filter(pk__in=closed).update(status="closed")
    choose(desk, [min(closed)], across=True, query="?status__exact=closed&p=2")
    run = TriageRun.objects.get()
    assert (tickets_of(run), run.total) == (closed, 125)
    assert run.chosen == "all tickets with status: Closed"


def test_all_means_all_that_were_found_by_search(desk, make_tickets, ticket):
    make_tickets(3)
    choose(desk, [ticket.pk], across=True, query="?q=wrong")
    run = TriageRun.objects.get()
    assert tickets_of(run) == {ticket.pk}
    assert run.chosen == "all tickets with words: wrong"


def test_how_tickets_were_chosen_is_said_with_names_not_with_keys(desk, make_tickets):
    billing = Category.objects.get(slug="billing")
    tickets = make_tickets(2)
    Ticket.objects.update(category=billing)
    choose(desk, [tickets[0].pk], across=True, query=f"?category__id__exact={billing.pk}&priority__exact=medium")
    assert TriageRun.objects.get().chosen == "all tickets with priority: Medium, category: Billing"


def test_tickets_that_are_gone_make_no_run(desk, make_tickets):
    (ticket,) = make_tickets(1)
    Ticket.objects.all().delete()
    response = choose(desk, [ticket.pk])
    assert response.url == LIST
    assert not TriageRun.objects.exists()
    assert "There are no tickets to classify" in desk.get(LIST).content.decode()


def test_an_agent_can_not_choose_tickets(client, alice, ticket):
    client.force_login(alice)
    choose(client, [ticket.pk])
    assert not TriageRun.objects.exists()
