"""What is written down to be told, when, and what it costs."""

from __future__ import annotations

import json

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tickets.bulk import Changes, change_step
from tickets.labels import Origin, Proposal, apply_proposals
from tickets.models import Category, Customer, Ticket, Webhook, WebhookDelivery
from tickets.models.choices import Channel, Status
from tickets.opening import NewTicket, open_tickets
from tickets.signals import tickets_erased
from tickets.webhooks import wishes

pytestmark = pytest.mark.django_db
ORIGIN = Origin("gpt-4.1", "3", "triage run 1")


def told() -> list[tuple[str, dict]]:
    """Events and their data, oldest first; what is there is forgotten."""
    rows = list(WebhookDelivery.objects.order_by("pk"))
    WebhookDelivery.objects.all().delete()
    found = [(row.event, json.loads(row.body)) for row in rows]
    assert all(event == body["type"] and body["timestamp"] for event, body in found)
    return [(event, body["data"]) for event, body in found]


def test_a_ticket_its_messages_and_its_changes_are_told_once_each(webhook, erin, alice):
    ticket = Ticket.objects.open(erin, "Where is it?", subject="Parcel")
    (opened, first), (written, message) = told()
    assert (opened, first["id"], first["subject"], first["status"]) == ("ticket.created", ticket.pk, "Parcel", "open")
    assert first["customer"] == {"id": erin.pk, "email": "erin@example.com", "name": "Erin Example"}
    assert (written, message["body"], message["kind"]) == ("message.created", "Where is it?", "customer")
    assert "body" not in first

    ticket.reply(alice, "On its way.", status=Status.PENDING)
    (written, message), (changed, after) = told()
    assert (written, message["author"], message["kind"]) == ("message.created", alice.pk, "reply")
    assert (changed, after["status"]) == ("ticket.updated", "pending")
    assert after["version"] == Ticket.objects.get().version

    ticket.label(alice, category=Category.objects.get(slug="billing"))
    (changed, after), (applied, label) = told()
    assert (changed, after["category"], after["category_by"]) == ("ticket.updated", "billing", "person")
    assert (applied, label["ticket"], label["source"]) == ("classification.applied", ticket.pk, "person")


def test_nothing_is_told_of_what_was_rolled_back(webhook, erin):
    with pytest.raises(RuntimeError), transaction.atomic():
        Ticket.objects.open(erin, "Never mind")
        assert WebhookDelivery.objects.count() == 2
        raise RuntimeError
    assert told() == []


def test_only_what_is_wanted_is_told_and_nothing_by_a_webhook_that_is_off(webhook, erin, alice):
    webhook.events = ["ticket.updated"]
    webhook.save()
    other = Webhook.objects.make(alice, name="Off", url="http://127.0.0.1:9/", events=["ticket.created"])
    other.switch_off()
    ticket = Ticket.objects.open(erin, "Hello")
    ticket.close(alice)
    assert [event for event, _data in told()] == ["ticket.updated"]


def test_opinions_of_the_ai_that_were_not_applied_are_not_told(webhook, ticket):
    told()
    sales = Category.objects.get(slug="sales")
    for confidence, events in [
        (0.3, ["ticket.updated"]),
        (0.9, ["ticket.updated", "classification.applied"]),
    ]:
        proposal = Proposal(ticket.pk, sales, "high", confidence, "Asks for a price")
        apply_proposals([proposal], origin=ORIGIN, min_confidence=0.6, now=timezone.now())
        found = told()
        assert [event for event, _data in found] == events
    data = found[-1][1]
    assert (data["category"], data["confidence"], data["source"], data["model"]) == ("sales", 0.9, "relay", "gpt-4.1")


def test_imported_tickets_are_no_news(webhook, erin, alice):
    row = NewTicket("erin@example.com", "Old words")
    open_tickets([row], channel=Channel.IMPORT, actor=alice, now=timezone.now())
    assert "ticket.created" not in [event for event, _data in told()]


def _many(count: int) -> list[Ticket]:
    erin, _made = Customer.objects.get_or_create(email="many@example.com")
    return Ticket.objects.bulk_create(Ticket(customer=erin, subject=f"Number {n}") for n in range(count))


def _queries(work) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        work()
    return len(caught)


def _apply(count: int):
    sales = Category.objects.get(slug="sales")
    proposals = [Proposal(ticket.pk, sales, "high", 0.9, "x") for ticket in _many(count)]
    return lambda: apply_proposals(proposals, origin=ORIGIN, min_confidence=0.6, now=timezone.now())


def test_labels_on_500_tickets_cost_as_few_queries_more_as_on_20(carol):
    """Two reads and two inserts; SQLite's limit on values in a statement divides the inserts of the larger ones."""
    before = _queries(_apply(20))
    Webhook.objects.make(carol, name="All", url="http://127.0.0.1:9/", events=["ticket.updated", "run.finished"])
    wishes.who_wants("ticket.updated")
    assert _queries(_apply(20)) - before == 2
    without = _queries(_apply(500))  # warm: with the webhook
    Webhook.objects.all().update(enabled=False)
    wishes.forget()
    wishes.who_wants("ticket.updated")
    assert without - _queries(_apply(500)) <= 9
    assert WebhookDelivery.objects.count() == 520


def test_bulk_changes_are_told_in_one_go(webhook, carol):
    tickets = _many(300)
    changes = Changes(status=Status.CLOSED)

    def close() -> None:
        change_step(Ticket.objects.all(), changes, carol, after=0, until=tickets[-1].pk, now=timezone.now())

    wishes.who_wants("ticket.updated")
    assert _queries(close) < 30
    found = told()
    assert len(found) == 300 and {(event, data["status"]) for event, data in found} == {("ticket.updated", "closed")}


def test_where_nobody_listens_not_even_that_is_asked(erin, alice):
    ticket = Ticket.objects.open(erin, "Hello")
    with CaptureQueriesContext(connection) as caught:
        ticket.close(alice)
    assert not [query["sql"] for query in caught if "webhook" in query["sql"]]


def test_what_was_told_of_erased_tickets_is_forgotten(webhook, erin, alice):
    erased, kept = (Ticket.objects.open(erin, f'"ticket":{n},') for n in range(2))
    erased.label(alice, priority="high")
    tickets_erased.send(None, ticket_ids=(erased.pk,))
    rows = told()
    assert {event for event, _data in rows} == {"ticket.created", "message.created"}
    assert {data.get("ticket", data["id"]) for _event, data in rows} == {kept.pk}


def test_a_webhook_deleted_elsewhere_a_moment_ago_harms_nobody(webhook, erin):
    wishes.who_wants("ticket.created")
    Webhook.objects.filter(pk=webhook.pk)._raw_delete("default")
    Ticket.objects.open(erin, "Hello")
    connection.check_constraints()
