"""A ticket classified now, and what people make of the AI's labels."""

from __future__ import annotations

import pytest

from assistant.models import RelayCall, TriageRun
from tests.tickets.api.conftest import program
from tickets.models import Category, Classification
from tickets.models.choices import SetBy

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(ticket):
    """What the AI thinks of the ticket, which waits for review."""
    ticket.needs_review = True
    ticket.save()
    return Classification.objects.create(
        ticket=ticket, category=Category.objects.get(slug="billing"), priority="high", confidence=0.4,
        reason="Charged.", source=SetBy.RELAY, model="deepseek-v3.2",
    )  # fmt: skip


def decide(client, said, verb: str, body=None, **headers):
    return client.post(f"/api/v1/tickets/{said.ticket_id}/classifications/{said.pk}/{verb}/", body or {}, **headers)


def test_a_ticket_is_classified_while_one_waits(agent, ticket, near_relay):
    answer = agent.post(f"/api/v1/tickets/{ticket.pk}/classify/", {"model": "deepseek-v3.2"}).json()
    ticket.refresh_from_db()
    said = answer["classification"]
    assert answer["outcome"] == "classified" and said["category"] == ticket.category.slug == "billing"
    assert (said["source"], ticket.category_by) == ("relay", "relay")
    run = TriageRun.objects.get(pk=answer["run"])
    assert (run.state, run.created_by.username, run.total) == ("done", "alice", 1)
    assert RelayCall.objects.get().user.username == "alice"


def test_a_persons_label_stays_and_the_opinion_is_stored_beside_it(agent, ticket, alice, near_relay):
    ticket.label(alice, category=Category.objects.get(slug="sales"), priority="low")
    said = agent.post(f"/api/v1/tickets/{ticket.pk}/classify/").json()["classification"]
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority, said["category"]) == ("sales", "low", "billing")
    assert not said["category_applied"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("unauthorized", 502, "invalid_key"), ("not_found", 400, "unknown_model"), ("payment", 502, "relay_error")],
)
def test_what_the_relay_refuses_is_a_problem_with_its_words(agent, ticket, near_relay, fault, status, code):
    near_relay.script(fault)
    answer = agent.post(f"/api/v1/tickets/{ticket.pk}/classify/")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["detail"]) > 20
    assert TriageRun.objects.get().state == "cancelled"


def test_no_call_leaves_without_ai_or_budget(agent, ticket, near_relay, settings):
    settings.AI_ENABLED = False
    off = agent.post(f"/api/v1/tickets/{ticket.pk}/classify/")
    assert (off.status_code, off.json()["code"]) == (503, "ai_disabled") and not TriageRun.objects.exists()
    settings.AI_ENABLED = True
    settings.MONTHLY_BUDGET_USD = 0
    assert agent.post(f"/api/v1/tickets/{ticket.pk}/classify/").json()["code"] == "budget_reached"
    refused = agent.post("/api/v1/assist/", {"prompt": "Hello?"})
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_reached")
    assert not near_relay.books


def test_accepting_makes_the_labels_a_persons_own(agent, said, ticket, alice):
    answer = decide(agent, said, "accept")
    ticket.refresh_from_db()
    assert answer.status_code == 201 and answer.json()["source"] == "person" and answer.json()["author"] == alice.pk
    assert (ticket.category.slug, ticket.category_by, ticket.priority_by) == ("billing", "person", "person")
    assert not ticket.needs_review and ticket.classifications.count() == 2


def test_correcting_sets_what_is_given_and_accepts_the_rest(agent, said, ticket):
    decide(agent, said, "correct", {"category": "technical"})
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority, ticket.category_by) == ("technical", "high", "person")


def test_a_decision_is_on_the_ticket_as_it_was_read_and_on_an_opinion_of_the_ai(admin, said, ticket, bob, support):
    assert decide(admin, said, "accept", HTTP_IF_MATCH='"999"').status_code == 412
    assert decide(admin, said, "correct").status_code == 400
    own = decide(admin, said, "accept").json()["id"]
    again = admin.post(f"/api/v1/tickets/{ticket.pk}/classifications/{own}/accept/")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    ticket.move(None, support)
    assert decide(program(bob), said, "accept").status_code == 404
    Category.objects.filter(slug="billing").update(active=False)
    assert decide(admin, said, "accept").json()["code"] == "conflict"
