"""The verbs act on the ticket as it is, not as some page remembers it."""

from uuid import uuid4

import pytest
from django.utils import timezone

from tickets.labels import Origin, Proposal, apply_proposals
from tickets.models import Category, Ticket
from tickets.models.choices import Priority, SetBy, Status
from tickets.signals import ticket_changed

pytestmark = pytest.mark.django_db


def classify(ticket, slug, priority="low"):
    proposal = Proposal(ticket.pk, Category.objects.get(slug=slug), priority, 0.9, "because")
    origin = Origin("deepseek-v3.2", "1", "triage run 1")
    apply_proposals([proposal], origin=origin, min_confidence=0.6, now=timezone.now())


def test_a_choice_that_equals_what_the_page_showed_still_beats_a_run_that_came_between(alice, ticket):
    classify(ticket, "billing", "high")
    page = Ticket.objects.get(pk=ticket.pk)
    classify(ticket, "technical", "low")
    page.label(alice, category=Category.objects.get(slug="billing"), priority="high")
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority) == ("billing", Priority.HIGH)
    assert ticket.category_by == ticket.priority_by == SetBy.PERSON


def test_of_two_people_the_last_choice_holds_and_the_event_says_what_it_replaced(alice, carol, ticket):
    page = Ticket.objects.get(pk=ticket.pk)
    Ticket.objects.get(pk=ticket.pk).set_status(carol, Status.RESOLVED)
    page.set_status(alice, Status.OPEN)
    ticket.refresh_from_db()
    last = ticket.events.order_by("id").last()
    assert (ticket.status, ticket.resolved) == (Status.OPEN, None)
    assert (last.actor, last.old, last.new) == (alice, "resolved", "open")


def test_a_team_that_a_person_chose_meanwhile_is_kept_when_another_sets_the_category(
    alice, carol, ticket, accounts, support
):
    page = Ticket.objects.get(pk=ticket.pk)
    Ticket.objects.get(pk=ticket.pk).move(carol, support)
    page.label(alice, category=Category.objects.get(slug="billing"))
    ticket.refresh_from_db()
    assert (ticket.team, ticket.team_by) == (support, SetBy.PERSON)


def test_the_same_text_sent_twice_from_one_page_is_one_reply(alice, ticket):
    token = uuid4()
    first, second = (ticket.reply(alice, "Done.", token=token) for _ in range(2))
    assert first == second and ticket.messages.filter(kind="reply").count() == 1
    ticket.reply(alice, "One more thing.", token=token)
    assert ticket.messages.filter(kind="reply").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_does_not_undo_or_hide_the_change(alice, ticket):
    def broken(**_):
        raise ConnectionError("the channel layer is away")

    ticket_changed.connect(broken)
    try:
        ticket.reply(alice, "It is sent.")
    finally:
        ticket_changed.disconnect(broken)
    assert ticket.messages.filter(body="It is sent.").count() == 1
