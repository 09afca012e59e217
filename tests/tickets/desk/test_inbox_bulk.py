"""Changing many tickets at once."""

from __future__ import annotations

import re

import pytest

from tickets.models import Classification, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def test_the_checked_ones_are_changed_with_an_event_each(as_alice, alice, support, make_tickets):
    tickets = make_tickets(3)
    data = {
        "query": "status=open", "ticket": [tickets[0].pk, tickets[1].pk], "assignee": alice.pk, "team": support.pk,
        "priority": "high", "status": "pending", "add_tag": "vip",
    }  # fmt: skip
    response = as_alice.post("/inbox/bulk/", data, follow=True)
    assert response.redirect_chain == [("/?status=open", 302)]
    assert "2 tickets were changed." in response.content.decode()
    for ticket in tickets[:2]:
        ticket.refresh_from_db()
        assert (ticket.assignee, ticket.team, ticket.priority, ticket.status) == (alice, support, "high", "pending")
        assert (ticket.priority_by, ticket.team_by, ticket.version) == ("person", "person", 2)
        assert [tag.name for tag in ticket.tags.all()] == ["vip"]
        events = ticket.events.exclude(kind="opened").values_list("kind", "old", "new", "actor")
        assert set(events) == {
            ("assignee", "", "alice", alice.pk), ("team", "", "Support", alice.pk), ("tags", "", "vip", alice.pk),
            ("priority", "medium", "high", alice.pk), ("status", "open", "pending", alice.pk),
        }  # fmt: skip
        label = ticket.classifications.get()
        assert (label.source, label.author, label.priority, label.replaced["priority"]) == (
            "person", alice, "high", "medium",
        )  # fmt: skip
    tickets[2].refresh_from_db()
    assert tickets[2].version == 1


def test_all_that_fit_are_changed_in_steps_and_nobody_elses(as_alice, alice, accounts, make_tickets, monkeypatch):
    monkeypatch.setattr("tickets.bulk.STEP", 2)
    tickets = make_tickets(7)
    tickets[0].move(alice, accounts)
    tickets[1].set_status(alice, "pending")
    response = as_alice.post(
        "/inbox/bulk/", {"query": "status=open", "everything": "1", "status": "closed"}, follow=True
    )
    assert "5 tickets were changed." in response.content.decode()
    assert set(Ticket.objects.filter(status="closed")) == set(tickets[2:])
    assert Ticket.objects.filter(status="closed", resolved__isnull=False).count() == 5
    assert TicketEvent.objects.filter(kind="status", new="closed").count() == 5


def test_long_work_goes_on_from_page_to_page_and_ends(as_alice, make_tickets, monkeypatch):
    monkeypatch.setattr("tickets.bulk.STEP", 2)
    monkeypatch.setattr("tickets.desk.bulk.SECONDS", -1)
    make_tickets(5)
    data = {"query": "status=open", "everything": "1", "add_tag": "old"}
    response = as_alice.post("/inbox/bulk/", data)
    pages = 0
    while response.status_code == 200:
        html = response.content.decode()
        data = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
        assert "so far" in html and data.pop("csrfmiddlewaretoken")
        response, pages = as_alice.post("/inbox/bulk/", {**data, "query": "status=open"}), pages + 1
        assert pages < 9
    assert pages == 2 and Ticket.objects.filter(tags__name="old").count() == 5
    assert "5 tickets were changed." in as_alice.get(response.url).content.decode()


def test_a_tag_is_taken_away_and_a_labelled_ticket_stays_as_it_is(as_alice, alice, make_tickets):
    tickets = make_tickets(2)
    tickets[0].set_tags(alice, ["a", "b"])
    tickets[1].label(alice, priority="high")
    ids = [ticket.pk for ticket in tickets]
    as_alice.post("/inbox/bulk/", {"ticket": ids, "remove_tag": "a"})
    assert [tag.name for tag in tickets[0].tags.all()] == ["b"]
    assert tickets[0].events.filter(kind="tags", old="a, b", new="b").exists()
    as_alice.post("/inbox/bulk/", {"ticket": ids, "priority": "high"})
    assert Classification.objects.filter(ticket=tickets[1]).count() == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "choose what to change first"),
        ({"assignee": "999999"}, "does not work here"),
        ({"team": "x"}, "no such team"),
        ({"status": "gone"}, "not one of the available choices"),
        ({"status": "open"}, "Nothing had to be changed."),
    ],
)
def test_what_cannot_be_done_is_said(data, sentence, as_alice, ticket):
    response = as_alice.post("/inbox/bulk/", {"ticket": ["x", ticket.pk, str(10**30)], **data}, follow=True)
    assert sentence in response.content.decode()
    ticket.refresh_from_db()
    assert ticket.version == 1


def test_the_same_number_of_queries_for_any_number_of_tickets(
    as_alice, alice, make_tickets, django_assert_max_num_queries
):
    tickets = make_tickets(12)
    data = {"ticket": [ticket.pk for ticket in tickets], "assignee": alice.pk, "priority": "low", "add_tag": "x"}
    with django_assert_max_num_queries(32):
        as_alice.post("/inbox/bulk/", data)
