"""What is typed is kept, and two people do not answer or overwrite each other unseen."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tickets.models import Attachment, Category, SavedReply, Ticket, UnsentText

pytestmark = pytest.mark.django_db


@pytest.fixture
def keep(as_alice, ticket):
    def post(body, kind="reply", revision=0, client=as_alice, **more):
        response = client.post(
            f"/tickets/{ticket.pk}/unsent/", {"kind": kind, "body": body, "revision": revision, **more}
        )
        return response.json().get("revision"), response

    return post


def test_reply_and_note_are_kept_apart_for_one_person_and_cleared_when_sent(keep, as_alice, as_bob, ticket):
    keep("Dear Erin,  ", draft="17")
    keep("ask Bob", kind="note")
    page = as_alice.get(f"/tickets/{ticket.pk}/")
    assert [mode.body for mode in page.context["modes"]] == ["Dear Erin,  ", "ask Bob"]
    assert page.context["draft_id"] == "17"
    assert [mode.body for mode in as_bob.get(f"/tickets/{ticket.pk}/").context["modes"]] == ["", ""]
    as_alice.post(f"/tickets/{ticket.pk}/reply/", {"body": "Dear Erin,", "note": "ask Bob"})
    assert [mode.body for mode in as_alice.get(f"/tickets/{ticket.pk}/").context["modes"]] == ["", "ask Bob"]


def test_the_newest_wins_and_what_another_device_typed_can_be_had_back(keep, as_alice, ticket):
    first, _ = keep("from the laptop")
    keep("from the phone")
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "from the phone</textarea>" in html and '<pre dir="auto">from the laptop</pre>' in html
    unsent = UnsentText.objects.get()
    revision, _ = keep("from the laptop", revision=unsent.revision, other="from the phone")
    unsent.refresh_from_db()
    assert (unsent.body, unsent.other) == ("from the laptop", "from the phone") and revision > first
    keep("from the laptop, and on", revision=0)
    unsent.refresh_from_db()
    assert unsent.other == "from the phone", "a text that goes on from what is stored loses nothing"


def test_what_comes_late_or_is_too_long_is_not_kept(keep, as_alice, as_bob, alice, ticket, support):
    token = str(uuid4())
    as_alice.post(f"/tickets/{ticket.pk}/reply/", {"body": "Sent.", "token": token})
    keep("Sent.", token=token)
    assert not UnsentText.objects.exists()
    _, refused = keep("x" * 100_001)
    assert refused.status_code == 422 and "at most 100000" in refused.json()["error"]
    assert keep("x", kind="customer")[1].status_code == 422
    keep("")
    ticket.move(alice, support)
    assert as_bob.post(f"/tickets/{ticket.pk}/unsent/", {"kind": "reply", "body": "x"}).status_code == 404
    assert not UnsentText.objects.exists()


def test_send_asks_once_more_when_somebody_else_has_answered(as_alice, carol, ticket):
    seen = as_alice.get(f"/tickets/{ticket.pk}/").context["thread"].last_message
    ticket.reply(carol, "Refunded already.")
    form = {"body": "I will refund it.", "seen": seen}
    asked = as_alice.post(f"/tickets/{ticket.pk}/reply/?status=open", form)
    html = asked.content.decode()
    assert asked.status_code == 409 and "Carol has replied since you opened this page." in html
    assert "Refunded already." in html and "I will refund it.</textarea>" in html
    assert ticket.messages.filter(kind="reply").count() == 1
    again = {**form, "seen": asked.context["thread"].last_message, "despite": asked.context["composer"].despite}
    assert as_alice.post(f"/tickets/{ticket.pk}/reply/", again).status_code == 302
    ticket.receive("One more thing")
    assert "customer has written again" in as_alice.post(f"/tickets/{ticket.pk}/reply/", form).content.decode()


def test_send_asks_once_more_when_somebody_is_just_writing_a_reply(as_alice, carol, ticket):
    now = timezone.now()
    UnsentText.keep(carol.pk, ticket.pk, "note", "only a note", base=0, now=now)
    UnsentText.keep(carol.pk, ticket.pk, "reply", "long ago", base=0, now=now - timedelta(hours=1))
    form = {"body": "Me too.", "seen": 10**6}
    UnsentText.keep(carol.pk, ticket.pk, "reply", "Let me", base=1, now=now)
    asked = as_alice.post(f"/tickets/{ticket.pk}/reply/", form)
    assert asked.status_code == 409 and "Carol is writing a reply just now." in asked.content.decode()
    despite = asked.context["composer"].despite
    assert as_alice.post(f"/tickets/{ticket.pk}/reply/", {**form, "despite": despite}).status_code == 302
    UnsentText.objects.update(updated=now - timedelta(hours=1))
    assert as_alice.post(f"/tickets/{ticket.pk}/reply/", {**form, "body": "Again."}).status_code == 302


def test_a_property_that_changed_meanwhile_is_not_overwritten_unseen(as_alice, carol, ticket):
    page = {"version": ticket.version}
    Ticket.objects.get(pk=ticket.pk).set_status(carol, "resolved")
    address = f"/tickets/{ticket.pk}/properties/?status=open"
    refused = as_alice.post(
        address, {"status": "pending", "was-status": "open", **page}, headers={"HX-Request": "true"}
    )
    html = refused.content.decode()
    assert refused.status_code == 409 and "<html" not in html
    assert "Carol has set <b>Resolved</b>" in html and "you chose <b>Pending</b>" in html
    assert "Set Pending" in html and "Keep Resolved" in html
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    mine = {"version": ticket.version, "was-status": "resolved", "status": "pending"}
    assert as_alice.post(address, mine).status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == "pending"


def test_changes_of_different_properties_and_of_tags_do_not_meet(as_alice, carol, ticket):
    page = {"version": ticket.version}
    other = Ticket.objects.get(pk=ticket.pk)
    other.set_status(carol, "pending")
    other.set_tags(carol, ["vip"])
    address = f"/tickets/{ticket.pk}/properties/"
    changes = [
        {"priority": "high", "was-priority": "medium"},
        {"add_tag": "refund"},
        {"remove_tag": "late"},
        {"status": "pending", "was-status": "open"},
        {"subject": "Two charges", "was-subject": "Charged twice"},
    ]
    for fields in changes:
        assert as_alice.post(address, {**fields, **page}).status_code == 302, fields
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.subject) == ("pending", "high", "Two charges")
    assert sorted(ticket.tags.values_list("name", flat=True)) == ["refund", "vip"]
    assert as_alice.post(address, {"subject": "  "}).status_code == 422


def test_accepting_a_proposal_does_not_overwrite_a_label_that_came_between(as_alice, carol, ticket):
    form = {"version": ticket.version, "category": "general", "was-category": "", "priority": "low"}
    Ticket.objects.get(pk=ticket.pk).label(carol, category=Category.objects.get(slug="technical"))
    refused = as_alice.post(f"/tickets/{ticket.pk}/properties/", form)
    ticket.refresh_from_db()
    assert refused.status_code == 409 and (ticket.category.slug, ticket.priority) == ("technical", "medium")


def test_tags_are_suggested_by_their_beginning_and_before_that_by_use(as_alice, alice, ticket, erin):
    ticket.set_tags(alice, ["refund", "shipping"])
    Ticket.objects.open(erin, "x").set_tags(alice, ["shipping"])
    assert as_alice.get("/tags/").context["names"] == ["shipping", "refund"]
    assert as_alice.get("/tags/?add_tag=RE").context["names"] == ["refund"]


def test_the_agent_goes_on_in_the_list_they_came_from(as_alice, make_tickets):
    tickets = make_tickets(6)
    middle = tickets[2]
    page = as_alice.get(f"/tickets/{middle.pk}/?status=open&q=Subject").context
    assert page["list_name"] == "Search: Subject"
    assert [row.pk for row in page["neighbours"].rows] == [ticket.pk for ticket in tickets]
    sent = as_alice.post(f"/tickets/{middle.pk}/reply/?status=open", {"body": "Done.", "status": "resolved"})
    after = as_alice.get(sent.url).context["neighbours"]
    assert (after.previous.pk, after.next.pk) == (tickets[1].pk, tickets[3].pk)
    for sort in ("priority", "waiting"):
        found = as_alice.get(f"/tickets/{tickets[4].pk}/?status=any&sort={sort}").context["neighbours"]
        assert {row.pk for row in found.rows} >= {ticket.pk for ticket in tickets if ticket != middle}
    damaged = as_alice.get(f"/tickets/{middle.pk}/?status=open&at=damaged")
    assert damaged.status_code == 200 and as_alice.get(f"/tickets/{middle.pk}/?priority=high").status_code == 200


def test_saved_replies_are_offered_to_whom_they_belong_filled_in(as_alice, alice, bob, support, accounts, ticket):
    body = "Hello {{customer.first_name}}, about #{{ ticket.id }} “{{ticket.subject}}”: {{agent.name}}"
    SavedReply.objects.create(name="Everybody's", body=body)
    SavedReply.objects.create(name="Support's", body="x", team=support)
    SavedReply.objects.create(name="Accounts'", body="x", team=accounts)
    SavedReply.objects.create(name="Mine", body="about invoices", owner=alice)
    SavedReply.objects.create(name="Bob's", body="x", owner=bob)

    def offered(query=""):
        return as_alice.get(f"/tickets/{ticket.pk}/saved-replies/", {"q": query}).json()["items"]

    assert [item["label"] for item in offered()] == ["Everybody's", "Mine", "Support's"]
    assert [item["label"] for item in offered("INVOICE")] == ["Mine"]
    assert offered("every")[0]["text"] == f"Hello Erin, about #{ticket.pk} “Charged twice”: Alice"
    ticket.customer.name = "{{agent.email}}"
    ticket.customer.save()
    assert "Hello {{agent.email}}, about" in offered("every")[0]["text"]


def test_saved_replies_are_managed_by_those_they_belong_to(as_alice, as_carol, bob, support, ticket):
    unknown = {"name": "Greeting", "body": "Hi {{customer.nmae}}", "whose": "me"}
    refused = as_alice.post("/saved-replies/new/", unknown)
    assert refused.status_code == 422 and "{{customer.nmae}} cannot be filled in" in refused.content.decode()
    as_alice.post("/saved-replies/new/", {**unknown, "body": "Hi", "whose": f"team-{support.pk}"})
    (reply,) = SavedReply.objects.all()
    assert (reply.team, reply.owner) == (support, None)
    assert as_alice.post("/saved-replies/new/", {**unknown, "body": "Hi", "whose": "all"}).status_code == 422
    bobs = SavedReply.objects.create(name="Bob's", body="x", owner=bob)
    shared = SavedReply.objects.create(name="Shared", body="x")
    for reply_id in (bobs.pk, shared.pk):
        assert as_alice.get(f"/saved-replies/{reply_id}/").status_code == 404
        assert as_alice.post(f"/saved-replies/{reply_id}/delete/").status_code == 404
    as_carol.post(f"/saved-replies/{shared.pk}/", {"name": "For all", "body": "y", "whose": "all"})
    shared.refresh_from_db()
    assert shared.name == "For all" and "For all" in as_alice.get("/saved-replies/").content.decode()
    as_alice.post(f"/saved-replies/{reply.pk}/delete/")
    assert not SavedReply.objects.filter(pk=reply.pk).exists() and not Attachment.objects.exists()
