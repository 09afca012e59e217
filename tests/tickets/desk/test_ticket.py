from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tickets.desk.entries import Changes
from tickets.desk.thread import EventEntry, MessageEntry, ProposalEntry, load_thread
from tickets.labels import Origin, Proposal, apply_proposals
from tickets.models import Category, Message, Ticket
from tickets.signals import reply_sent

pytestmark = pytest.mark.django_db


def propose(ticket, *, confidence=0.9, category="billing", priority="high"):
    proposal = Proposal(ticket.pk, Category.objects.get(slug=category), priority, confidence, "speaks of an invoice")
    origin = Origin("deepseek-v3.2", "1", "triage run 7")
    apply_proposals([proposal], origin=origin, min_confidence=0.6, now=timezone.now())
    ticket.refresh_from_db()


def test_the_thread_shows_messages_with_the_changes_between_them(as_alice, alice, ticket):
    ticket.reply(alice, "I will **look**.", status="pending")
    ticket.note(alice, "Refund is _ours_ to make")
    ticket.receive("Thanks!")
    entries = as_alice.get(f"/tickets/{ticket.pk}/").context["thread"].entries
    said = [entry.kind for entry in entries]
    assert said == ["opened", "customer", "reply", "status", "note", "customer", "status"]
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "I will <strong>look</strong>." in html and "<em>ours</em>" in html and "Internal note" in html
    assert "(the customer wrote)" in html


def test_events_name_who_and_what(as_alice, alice, ticket, support):
    ticket.label(alice, category=Category.objects.get(slug="technical"))
    events = [e for e in load_thread(ticket, {"technical": "Technical"}).entries if isinstance(e, EventEntry)]
    assert [(e.actor, e.kind_name, e.old, e.new) for e in events[1:]] == [
        ("Alice", "category", "", "Technical"),
        ("Alice", "team", "", "Support"),
    ]


def test_events_name_assignees_as_people_do(as_alice, alice, ticket):
    ticket.assign(alice, alice)
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Assignee: " in html and "<b>Alice</b>" in html and "<b>alice</b>" not in html


def test_what_happened_at_one_moment_stands_in_the_order_it_was_done(alice, erin):
    now = timezone.now()
    ticket = Ticket.objects.open(erin, "first", now=now)
    ticket.reply(alice, "second", status="resolved", now=now)
    said = [getattr(entry, "kind", "proposal") for entry in load_thread(ticket, {}).entries]
    assert said == ["opened", "customer", "reply", "status"]
    assert load_thread(ticket, {}).entries[0].created == now


def test_a_long_thread_shows_its_beginning_and_its_end_and_unfolds_from_there(as_alice, ticket):
    start = timezone.now() + timedelta(seconds=1)
    Message.objects.bulk_create(
        Message(ticket=ticket, kind="customer", body=f"line {n}.", created=start + timedelta(seconds=n))
        for n in range(250)
    )

    def shown(response) -> list[str]:
        return [entry.body for entry in response.context["thread"].entries if isinstance(entry, MessageEntry)]

    page = as_alice.get(f"/tickets/{ticket.pk}/?status=open")
    assert shown(page) == [f"line {n}." for n in range(210, 250)]
    html = page.content.decode()
    assert "My invoice is wrong" in html and "210 messages" in html and "line 209." not in html
    seen = shown(page)
    while page.context["thread"].more:
        link = re.search(r'hx-get="([^"]+before=[^"]+)"', page.content.decode())[1].replace("&amp;", "&")
        page = as_alice.get(link, headers={"HX-Request": "true"})
        seen = shown(page) + seen
    assert seen[-250:] == [f"line {n}." for n in range(250)] and "<html" not in page.content.decode()
    without_scripts = as_alice.get(link)
    assert "To the newest messages" in without_scripts.content.decode()


def test_an_open_page_follows_the_thread_from_where_it_begins_there(as_alice, alice, ticket):
    start = as_alice.get(f"/tickets/{ticket.pk}/").context["thread"].start
    for n in range(60):
        ticket.note(alice, f"note {n}")
    live = as_alice.get(f"/tickets/{ticket.pk}/live/", {"since": str(start), "part": "thread"})
    assert len(live.context["thread"].entries) == 62 and 'id="properties-title"' not in live.content.decode()
    assert as_alice.get(f"/tickets/{ticket.pk}/live/", {"since": "rubbish"}).status_code == 200


def test_changes_made_together_stand_in_one_line_and_many_are_folded(as_alice, alice, ticket, support):
    ticket.label(alice, category=Category.objects.get(slug="technical"), priority="high")
    lines = as_alice.get(f"/tickets/{ticket.pk}/").context["thread"].lines
    assert [[change.kind for change in line.changes] for line in lines if isinstance(line, Changes)] == [
        ["opened"],
        ["category", "team", "priority"],
    ]
    for n in range(6):
        ticket.set_status(alice, ["pending", "open"][n % 2], now=timezone.now() + timedelta(hours=n))
    assert "5 changes" in as_alice.get(f"/tickets/{ticket.pk}/").content.decode()


def test_a_ticket_of_another_team_does_not_exist(as_bob, alice, ticket, support):
    ticket.move(alice, support)
    assert as_bob.get(f"/tickets/{ticket.pk}/").status_code == 404
    for verb in ("reply", "note", "properties"):
        assert as_bob.post(f"/tickets/{ticket.pk}/{verb}/", {"body": "hello", "status": "closed"}).status_code == 404
    ticket.refresh_from_db()
    assert ticket.messages.count() == 1 and ticket.status == "open"
    assert as_bob.get("/tickets/999999999999999999999999/").status_code == 404


def test_strangers_can_neither_read_nor_write(client, ticket):
    assert client.get(f"/tickets/{ticket.pk}/").url.startswith("/accounts/login/")
    assert client.post(f"/tickets/{ticket.pk}/reply/", {"body": "x"}).url.startswith("/accounts/login/")
    assert ticket.messages.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_reply_is_in_the_thread_moves_the_ticket_and_tells_of_its_draft(as_alice, alice, ticket):
    heard = []

    def listen(sender, ticket, message, draft_id, **_):
        heard.append((ticket.pk, message.body, draft_id))

    reply_sent.connect(listen)
    try:
        response = as_alice.post(
            f"/tickets/{ticket.pk}/reply/?status=open",
            {"body": "Refunded.", "status": "resolved", "draft": "42"},
        )
    finally:
        reply_sent.disconnect(listen)
    message = ticket.messages.get(kind="reply")
    assert re.fullmatch(rf"/tickets/{ticket.pk}/\?status=open&at=\w+#message-{message.pk}", response.url)
    ticket.refresh_from_db()
    assert (message.author, ticket.status) == (alice, "resolved")
    assert heard == [(ticket.pk, "Refunded.", "42")]


def test_a_note_goes_to_colleagues_only(as_alice, ticket):
    as_alice.post(f"/tickets/{ticket.pk}/note/", {"body": "Seen before.", "draft": "", "status": "resolved"})
    ticket.refresh_from_db()
    assert ticket.messages.get(kind="note").delivery == "none" and ticket.status == "open"


@pytest.mark.parametrize(
    ("verb", "fields", "sentence"),
    [
        ("reply", {"body": "   "}, "Write something first"),
        ("note", {"body": ""}, "Write something first"),
        ("reply", {"body": "kept text", "status": "gone"}, "gone is not one of the available choices"),
        ("reply", {"body": "kept text" + "x" * 100_000}, "at most 100000 characters"),
        ("note", {"body": "kept text \x00"}, "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_sent_is_kept_with_the_reason(verb, fields, sentence, as_alice, ticket):
    response = as_alice.post(f"/tickets/{ticket.pk}/{verb}/", {"draft": "17", **fields})
    html = response.content.decode()
    assert response.status_code == 422 and sentence in html
    assert 'id="draft-id" value="17"' in html and ("kept text" in html) == ("kept text" in fields["body"])
    assert f'value="{verb}" id="mode-{verb}" checked' in html
    assert ticket.messages.count() == 1


def test_the_ai_s_labels_carry_its_mark_its_reason_and_a_way_to_confirm(as_alice, alice, accounts, support, ticket):
    accounts.members.add(alice)
    propose(ticket)
    page = as_alice.get(f"/tickets/{ticket.pk}/")
    html = page.content.decode()
    assert isinstance(page.context["proposal"], ProposalEntry) and page.context["proposal_on"]
    assert (
        "Billing, set by AI" in html
        and "speaks of an invoice" in html
        and "90\N{NO-BREAK SPACE}%" in html
        and "Confirm" in html
    )
    as_alice.post(f"/tickets/{ticket.pk}/properties/", {"category": "billing", "priority": "high"})
    ticket.refresh_from_db()
    assert (ticket.category_by, ticket.priority_by) == ("person", "person")
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "set by AI" not in html and "Confirm" not in html
    assert "agrees:" in html and "chose" not in html  # the label is a person's now


def test_a_proposal_in_doubt_is_a_suggestion_until_a_person_accepts_it(as_alice, ticket):
    propose(ticket, confidence=0.4, category="technical")
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "suggests" in html and "Accept" in html and "Needs review" in html and ticket.category is None
    as_alice.post(f"/tickets/{ticket.pk}/properties/", {"category": "technical", "priority": "high"})
    ticket.refresh_from_db()
    assert (ticket.category.slug, ticket.category_by, ticket.needs_review) == ("technical", "person", False)


def test_other_tickets_of_the_customer_are_those_the_agent_may_see(as_alice, alice, accounts, ticket, erin):
    theirs = [Ticket.objects.open(erin, f"more {n}") for n in range(7)]
    theirs[6].move(alice, accounts)
    others = as_alice.get(f"/tickets/{ticket.pk}/").context["others"]
    assert [other.pk for other in others] == [other.pk for other in reversed(theirs[1:6])]


def test_the_page_costs_ten_queries_at_most_whatever_its_size(as_alice, alice, ticket, erin, make_tickets):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_alice.get(f"/tickets/{ticket.pk}/").status_code == 200
        return len(captured)

    few = queries()
    make_tickets(60)
    for n in range(20):
        ticket.note(alice, f"note {n}")
        ticket.set_tags(alice, [f"tag{m}" for m in range(n)])
        Ticket.objects.open(erin, f"more {n}")
        propose(ticket)
    assert few <= queries() <= 10  # the count of a summary comes with a longer thread


def test_messages_know_their_markup():
    def entry(body: str, kind: str) -> MessageEntry:
        return MessageEntry(1, "customer", "Erin", body, kind, "none", timezone.now())

    assert entry("a <b>", "text").html is None
    assert entry("<p onclick=x()>hi<script>y()</script></p>", "html").html == "<p>hi</p>"
    assert "<strong>" in (entry("**b**", "markdown").html or "")
