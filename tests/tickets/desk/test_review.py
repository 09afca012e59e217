"""The review queue: one ticket at a time, decided by a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tickets.desk.conftest import logged_in
from tickets.labels import Origin, Proposal, apply_proposals, ask_for_review
from tickets.models import Category, Classification, ReviewClaim, Ticket
from tickets.models.review_claim import CLAIM

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_unsure(make_tickets):
    """`make_unsure(3)` opens three tickets which the AI was not sure about."""

    def make(count: int, *, category="billing", priority="high", confidence=0.4, **fields) -> list[Ticket]:
        tickets = make_tickets(count, **fields)
        chosen = Category.objects.get(slug=category)
        proposals = [Proposal(t.pk, chosen, priority, confidence, f"because of {t.pk}") for t in tickets]
        origin = Origin("deepseek-v3.2", "1", "triage run 7")
        apply_proposals(proposals, origin=origin, min_confidence=0.6, now=timezone.now())
        return list(Ticket.objects.filter(pk__in=[t.pk for t in tickets]).order_by("pk"))

    return make


def decide(client, page, **changes):
    """Send what the page's form would send."""
    ticket = page.context["ticket"]
    chosen = {name: next((c.value for c in page.context[many] if c.chosen), "")
              for name, many in (("category", "categories"), ("priority", "priorities"))}  # fmt: skip
    data = {"version": ticket.version, **chosen, **changes}
    return client.post(f"/review/{ticket.pk}/?{page.context['place'].query}", data, follow=True)


def test_a_ticket_is_shown_with_its_text_and_what_the_ai_said(as_alice, make_unsure):
    first, *_others = make_unsure(3)
    page = as_alice.get("/review/")
    html = page.content.decode()
    assert page.context["ticket"] == first
    assert "Body of ticket 0" in html and f"because of {first.pk}" in html and "40\N{NO-BREAK SPACE}%" in html
    assert "1 of 3" in html and "Accept" in html
    assert [(c.value, c.key) for c in page.context["categories"] if c.chosen] == [("billing", "1")]
    assert [(c.value, c.key) for c in page.context["priorities"] if c.chosen] == [("high", "h")]


def test_accepting_makes_the_ai_s_label_a_person_s_and_keeps_both_in_history(as_carol, carol, make_unsure):
    first, second = make_unsure(2)
    page = decide(as_carol, as_carol.get("/review/"))
    first.refresh_from_db()
    assert (first.category.slug, first.category_by, first.priority, first.priority_by) == (
        "billing", "person", "high", "person",
    )  # fmt: skip
    assert not first.needs_review
    assert list(first.classifications.order_by("pk").values_list("source", "author", "category__slug")) == [
        ("relay", None, "billing"),
        ("person", carol.pk, "billing"),
    ]
    assert page.context["ticket"] == second and "2 of 2" in page.content.decode()


def test_a_correction_is_stored_beside_what_the_ai_said_and_routes_the_ticket(as_carol, support, make_unsure):
    (ticket,) = make_unsure(1)
    decide(as_carol, as_carol.get("/review/"), category="technical", priority="low")
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority, ticket.team) == ("technical", "low", support)
    said = ticket.classifications.order_by("pk").values_list("source", "category__slug", "priority")
    assert list(said) == [("relay", "billing", "high"), ("person", "technical", "low")]


def test_the_whole_queue_is_worked_through_to_its_end(as_carol, make_unsure):
    tickets = make_unsure(12)
    page = as_carol.get("/review/")
    for number in range(1, 13):
        assert f"{number} of 12" in page.content.decode()
        page = decide(as_carol, page)
    assert "Nothing waits for a review" in page.content.decode()
    assert not Ticket.objects.filter(needs_review=True).exists()
    assert Classification.objects.filter(source="person").count() == len(tickets)


def test_a_skipped_ticket_waits_behind_and_the_queue_can_be_begun_again(as_carol, make_unsure):
    first, second = make_unsure(2)
    page = as_carol.get(f"/review/?after={first.pk}")
    assert page.context["ticket"] == second and "2 of 2" in page.content.decode()
    page = decide(as_carol, page)
    assert page.context["ticket"] is None and "1 ticket still waits" in page.content.decode()
    assert as_carol.get("/review/").context["ticket"] == first


def test_two_people_never_get_the_same_ticket(as_alice, as_carol, make_unsure):
    first, second, third = make_unsure(3)
    assert as_carol.get("/review/").context["ticket"] == first
    page = as_alice.get("/review/")
    assert page.context["ticket"] == second and "2 of 3" in page.content.decode()
    assert decide(as_carol, as_carol.get("/review/")).context["ticket"] == third


def test_a_claim_is_forgotten_after_some_minutes(as_alice, as_carol, make_unsure):
    (ticket,) = make_unsure(1)
    as_carol.get("/review/")
    assert as_alice.get("/review/").context["ticket"] is None
    ReviewClaim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert as_alice.get("/review/").context["ticket"] == ticket
    assert ReviewClaim.objects.filter(until__gt=timezone.now() + CLAIM / 2).count() == 1


def test_what_a_colleague_decided_meanwhile_is_not_overwritten(as_carol, alice, make_unsure):
    first, second = make_unsure(2)
    page = as_carol.get("/review/")
    first.label(alice, category=Category.objects.get(slug="sales"), priority="low")
    answer = decide(as_carol, page)
    first.refresh_from_db()
    assert (first.category.slug, first.priority) == ("sales", "low")
    assert "a colleague was quicker" in answer.content.decode() and answer.context["ticket"] == second
    assert Classification.objects.filter(source="person").count() == 1


def test_a_ticket_that_changed_meanwhile_is_shown_again_before_it_is_decided(as_carol, make_unsure):
    first, _second = make_unsure(2)
    page = as_carol.get("/review/")
    first.receive("Forget it, it is about my printer.")
    answer = decide(as_carol, page)
    html = answer.content.decode()
    assert answer.context["ticket"] == first and "has changed since you opened it" in html and "my printer" in html
    assert not Classification.objects.filter(source="person").exists()
    decide(as_carol, answer)
    first.refresh_from_db()
    assert not first.needs_review


def test_undo_restores_everything_that_the_label_replaced(as_carol, accounts, make_unsure):
    first, _second = make_unsure(2)
    columns = ("category", "category_by", "priority", "priority_by", "team", "team_by", "needs_review")
    before = Ticket.objects.values(*columns).get(pk=first.pk)
    page = decide(as_carol, as_carol.get("/review/"))
    assert Ticket.objects.get(pk=first.pk).team == accounts and "Undo" in page.content.decode()
    page = as_carol.post(f"/review/undo/?{page.context['place'].query}", follow=True)
    assert Ticket.objects.values(*columns).get(pk=first.pk) == before
    assert page.context["ticket"] == first and "1 of 2" in page.content.decode()
    assert first.classifications.filter(source="person").count() == 1
    taken_back = first.events.filter(cause="taken back").order_by("pk").values_list("kind", "old", "new")
    assert list(taken_back) == [
        ("category", "billing", ""), ("priority", "high", "medium"), ("team", "Accounts", ""),
    ]  # fmt: skip


def test_undo_brings_back_a_ticket_that_the_label_sent_to_another_team(as_alice, accounts, make_unsure):
    (ticket,) = make_unsure(1)
    page = decide(as_alice, as_alice.get("/review/"))
    assert as_alice.get(f"/tickets/{ticket.pk}/").status_code == 404
    page = as_alice.post(f"/review/undo/?{page.context['place'].query}", follow=True)
    assert page.context["ticket"] == ticket


def test_nothing_is_undone_once_somebody_went_on_with_the_ticket(as_carol, alice, make_unsure):
    (ticket,) = make_unsure(1)
    page = decide(as_carol, as_carol.get("/review/"))
    ticket.refresh_from_db()
    ticket.set_status(alice, "pending")
    answer = as_carol.post(f"/review/undo/?{page.context['place'].query}", follow=True)
    ticket.refresh_from_db()
    assert "it was not undone" in answer.content.decode() and ticket.category.slug == "billing"


def test_nobody_undoes_what_another_person_decided(as_alice, as_carol, make_unsure):
    (ticket,) = make_unsure(1)
    page = decide(as_carol, as_carol.get("/review/"))
    as_alice.post(f"/review/undo/?{page.context['place'].query}")
    ticket.refresh_from_db()
    assert ticket.category.slug == "billing"
    assert as_alice.get(f"/review/?{page.context['place'].query}").context["last"] is None


def test_agents_see_and_decide_only_what_is_theirs(as_bob, carol, support, make_unsure):
    (theirs,) = make_unsure(1)
    theirs.move(carol, support)
    assert as_bob.get("/review/").context["ticket"] is None
    theirs.refresh_from_db()
    data = {"version": theirs.version, "category": "billing", "priority": "high"}
    answer = as_bob.post(f"/review/{theirs.pk}/", data, follow=True)
    theirs.refresh_from_db()
    assert theirs.needs_review and answer.context["ticket"] is None and "Subject" not in answer.content.decode()
    assert as_bob.post(f"/review/{theirs.pk}/", {}).status_code == 404


def test_strangers_are_sent_to_the_login(client, ticket):
    for answer in (client.get("/review/"), client.post(f"/review/{ticket.pk}/"), client.post("/review/undo/")):
        assert answer.status_code == 302 and answer.url.startswith("/accounts/login/")


def test_a_ticket_the_ai_could_not_label_says_why_and_wants_a_choice(as_carol, make_tickets):
    (ticket,) = make_tickets(1)
    reasons = {ticket.pk: "The answer held no result for this ticket."}
    ask_for_review(reasons, cause="triage run 7", now=timezone.now())
    page = as_carol.get("/review/")
    assert reasons[ticket.pk] in page.content.decode()
    answer = decide(as_carol, page)
    assert answer.status_code == 422 and "Choose a category first." in answer.content.decode()
    decide(as_carol, page, category="sales")
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.priority, ticket.needs_review) == ("sales", "medium", False)


def test_a_person_s_own_label_is_chosen_before_the_ai_s(as_carol, alice, make_unsure):
    (ticket,) = make_unsure(1)
    ticket.label(alice, category=Category.objects.get(slug="sales"))
    Ticket.objects.update(needs_review=True)
    page = as_carol.get("/review/")
    assert [c.value for c in page.context["categories"] if c.chosen] == ["sales"]
    assert [c.value for c in page.context["priorities"] if c.chosen] == ["high"]


def test_an_ai_answer_in_doubt_is_stored_and_not_applied_however_sure(as_carol, make_tickets):
    (ticket,) = make_tickets(1)
    proposal = Proposal(
        ticket.pk, Category.objects.get(slug="sales"), "high", 0.99, "As told.", doubt="It was told to."
    )
    apply_proposals([proposal], origin=Origin("m", "1", "run"), min_confidence=0.6, now=timezone.now())
    ticket.refresh_from_db()
    assert (ticket.category, ticket.needs_review) == (None, True)
    assert "It was told to." in as_carol.get("/review/").content.decode()


@pytest.mark.parametrize(
    "query", ["after=x&done=-1&label=²", "after=" + "9" * 40, "label=99999999999999", "after=1&after=2"]
)
def test_an_address_that_makes_no_sense_is_the_beginning_or_the_end(as_carol, make_unsure, query):
    make_unsure(1)
    assert as_carol.get(f"/review/?{query}").status_code == 200


def test_the_next_ticket_comes_as_a_part_of_the_page_where_scripts_ask_for_it(as_carol, make_unsure):
    _first, second = make_unsure(2)
    page = as_carol.get("/review/")
    ticket = page.context["ticket"]
    data = {"version": ticket.version, "category": "billing", "priority": "high"}
    part = as_carol.post(f"/review/{ticket.pk}/", data, follow=True, headers={"HX-Request": "true"})
    html = part.content.decode()
    assert html.startswith('<div class="review"') and second.subject in html and "<html" not in html
    assert part["HX-Replace-Url"] == f"/review/?{part.context['place'].query}"


def test_the_page_costs_ten_queries_at_most_whatever_its_size(alice, make_unsure):
    def queries() -> int:
        client = logged_in(alice)
        page = decide(client, client.get("/review/"))
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/review/?{page.context['place'].query}")
        return len(captured)

    make_unsure(3, category="technical")
    few = queries()
    make_unsure(40, category="technical")
    for n in range(30):
        for ticket in Ticket.objects.filter(needs_review=True)[:3]:
            ticket.note(alice, f"note {n}")
    assert queries() == few <= 10


def test_the_inbox_leads_to_the_queue_from_its_view_of_what_needs_review(as_alice, make_unsure):
    make_unsure(1)
    assert "Review one by one" in as_alice.get("/?status=any&review=1").content.decode()
    assert "Review one by one" not in as_alice.get("/").content.decode()
