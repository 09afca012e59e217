"""Tickets over the API: opened, found, changed."""

from __future__ import annotations

import pytest

from tickets.models import Category, Customer, Ticket, TicketEvent

pytestmark = pytest.mark.django_db

NEW = {"customer": {"email": "Sam@Example.com", "name": "Sam"}, "body": "My parcel is lost, where is it?"}


def test_a_program_opens_a_ticket_and_reads_it_again(api, alice):
    answer = api.post("/api/v1/tickets/", NEW)
    assert answer.status_code == 201, answer.json()
    ticket = answer.json()
    assert (ticket["subject"], ticket["status"], ticket["channel"]) == (
        "My parcel is lost, where is it?",
        "open",
        "api",
    )
    assert ticket["customer"]["email"] == "sam@example.com"
    again = api.get(answer["Location"])
    assert again.json() == ticket and again["ETag"] == answer["ETag"] == '"1"'
    opened = TicketEvent.objects.get(ticket=ticket["id"])
    assert (opened.kind, opened.actor) == ("opened", alice)


def test_labels_given_at_the_beginning_are_a_persons_and_route_the_ticket(api, support):
    ticket = api.post(
        "/api/v1/tickets/", {**NEW, "category": "technical", "priority": "high", "tags": ["vip"]}
    ).json()
    assert (ticket["category"], ticket["category_by"], ticket["priority_by"]) == ("technical", "person", "person")
    assert (ticket["team"], ticket["team_by"], ticket["tags"]) == (support.pk, "rule", ["vip"])
    history = api.get(f"/api/v1/tickets/{ticket['id']}/classifications/").json()["results"]
    assert [(row["category"], row["priority"], row["source"]) for row in history] == [("technical", "high", "person")]


def test_one_external_id_is_one_ticket(api):
    first = api.post("/api/v1/tickets/", {**NEW, "source": "shop", "external_id": "4711"}).json()
    second = api.post("/api/v1/tickets/", {**NEW, "source": "shop", "external_id": "4711"})
    assert second.status_code == 409
    assert (second.json()["code"], second.json()["id"]) == ("already_exists", first["id"])
    assert api.post("/api/v1/tickets/", {**NEW, "source": "crm", "external_id": "4711"}).status_code == 201
    assert (Ticket.objects.count(), Customer.objects.count()) == (2, 1)


def test_a_change_is_refused_where_the_ticket_has_changed_since(api, ticket, bob):
    etag = api.get(f"/api/v1/tickets/{ticket.pk}/")["ETag"]
    ticket.label(bob, priority="low")
    refused = api.patch(f"/api/v1/tickets/{ticket.pk}/", {"priority": "high"}, HTTP_IF_MATCH=etag)
    assert (refused.status_code, refused.json()["code"]) == (412, "version_conflict")
    ticket.refresh_from_db()
    assert ticket.priority == "low"
    changed = api.patch(f"/api/v1/tickets/{ticket.pk}/", {"priority": "high"}, HTTP_IF_MATCH=refused["ETag"])
    assert (changed.status_code, changed.json()["priority_by"]) == (200, "person")
    assert changed["ETag"] != refused["ETag"]


def test_every_property_is_changed_by_its_verb(api, ticket, alice, support):
    given = {"subject": "Two charges", "status": "pending", "category": "billing", "priority": "high",
             "team": support.pk, "assignee": alice.pk, "tags": ["b", "a"]}  # fmt: skip
    shown = api.patch(f"/api/v1/tickets/{ticket.pk}/", given).json()
    assert {name: shown[name] for name in given} == {**given, "tags": ["a", "b"]}
    kinds = {event["kind"] for event in api.get(f"/api/v1/tickets/{ticket.pk}/events/").json()["results"]}
    assert {"subject", "status", "category", "priority", "team", "assignee", "tags"} <= kinds
    shown = api.patch(f"/api/v1/tickets/{ticket.pk}/", {"team": None, "assignee": None}).json()
    assert (shown["team"], shown["assignee"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"stauts": "open"}, "stauts"),
        ({"status": "gone"}, "status"),
        ({"status": None}, "status"),
        ({"category": "no-such"}, "category"),
        ({"team": "1"}, "team"),
        ({"team": 10**30}, "team"),
        ({"assignee": True}, "assignee"),
        ({"subject": 7}, "subject"),
        ({"subject": "a\0b"}, "subject"),
        ({"tags": ["x" * 101]}, "tags"),
        ({"tags": "vip"}, "tags"),
    ],
)
def test_what_cannot_be_used_is_named(api, ticket, given, field):
    answer = api.patch(f"/api/v1/tickets/{ticket.pk}/", given)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "bad_request" and problem["errors"][0]["field"].startswith(field)
    assert problem["errors"][0]["message"].endswith(".")


class TestFilters:
    @pytest.fixture(autouse=True)
    def _tickets(self, erin, alice, support):
        self.support = support
        self.first = Ticket.objects.open(erin, "The printer burns", subject="Printer")
        self.second = Ticket.objects.open(erin, "A parcel", subject="Parcel", team=support, assignee=alice)
        self.second.label(alice, category=Category.objects.get(slug="billing"), priority="high")
        self.second.set_tags(alice, ["vip"])
        self.third = Ticket.objects.open(
            Customer.objects.create(email="sam@example.com"), "Hello", status="closed", needs_review=True
        )

    def found(self, api, **given) -> set[int]:
        answer = api.get("/api/v1/tickets/", given)
        assert answer.status_code == 200, answer.json()
        return {row["id"] for row in answer.json()["results"]}

    def test_each_narrows(self, api):
        first, second, third = self.first.pk, self.second.pk, self.third.pk
        assert self.found(api, status="open") == {first, second}
        assert self.found(api, status="open,closed") == {first, second, third}
        assert self.found(api, priority="high", category="billing", tag="vip") == {second}
        assert self.found(api, assignee="me") == self.found(api, assignee=self.second.assignee_id) == {second}
        assert self.found(api, assignee="none") == self.found(api, team="none") == {first, third}
        assert self.found(api, customer_email="SAM@example.com") == {third} == self.found(api, needs_human="true")
        assert self.found(api, q="printer") == {first}
        later = self.second.created.isoformat().replace("+00:00", "Z")
        assert self.found(api, created_after=later) == {second, third}
        assert self.found(api, created_before=later, customer=self.first.customer_id) == {first}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("status", "gone"), ("needs_human", "maybe"), ("team", "x"), ("team", "9" * 40), ("created_after", "today"),
         ("created_after", "0001-01-01T00:00:00+14:00"), ("q", " "), ("q", "a\0"), ("tag", ""), ("limit", "201"),
         ("limit", "-1"), ("cursor", "x"), ("ordering", "subject"), ("colour", "red")],
    )  # fmt: skip
    def test_a_value_that_means_nothing_is_refused(self, api, name, value):
        answer = api.get("/api/v1/tickets/", {name: value})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)

    def test_a_parameter_given_twice_is_refused(self, api):
        assert api.get("/api/v1/tickets/?status=open&status=closed").status_code == 400
