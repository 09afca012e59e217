"""The inbox's orders, page by page, and its saved views."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from tickets.desk.rows import list_page
from tickets.models import SavedView, Ticket

pytestmark = pytest.mark.django_db


def walk(client, query: str, shown) -> list[str]:
    """All subjects, following the links between pages."""
    subjects: list[str] = []
    response = client.get(f"/?{query}")
    while True:
        subjects += shown(response)
        if not response.context["page"].next:
            break
        response = client.get(f"/?{query}&after={response.context['page'].next}")
    back: list[str] = shown(response)
    while response.context["page"].previous:
        response = client.get(f"/?{query}&after={response.context['page'].previous}")
        back = shown(response) + back
    assert back == subjects
    return subjects


def test_priorities_come_in_their_order_at_any_depth_both_ways(as_alice, alice, make_tickets, shown, monkeypatch):
    monkeypatch.setattr("tickets.desk.inbox.list_page", partial(list_page, size=3))
    tickets = make_tickets(8)
    for number, priority in ((1, "high"), (4, "low"), (6, "high"), (0, "low")):
        tickets[number].label(alice, priority=priority)
    expected = [f"Subject {number}" for number in (1, 6, 2, 3, 5, 7, 0, 4)]
    assert walk(as_alice, "status=open&sort=priority", shown) == expected
    assert walk(as_alice, "status=any&sort=priority", shown) == expected
    assert walk(as_alice, "status=any&sort=priority&priority=low", shown) == ["Subject 0", "Subject 4"]


def test_who_has_waited_longest_for_an_answer_comes_first(as_alice, alice, make_tickets, shown, monkeypatch):
    monkeypatch.setattr("tickets.desk.inbox.list_page", partial(list_page, size=2))
    tickets = make_tickets(5)  # the first is the newest
    now = timezone.now()
    tickets[4].reply(alice, "We look into it.", now=now - timedelta(minutes=3))
    tickets[3].reply(alice, "Solved?", now=now - timedelta(minutes=2))
    tickets[3].receive("No.", now=now - timedelta(minutes=1, seconds=30))
    tickets[2].receive("Hello?", now=now)
    tickets[1].note(alice, "a word among us")
    tickets[0].close(alice)
    assert walk(as_alice, "sort=waiting", shown) == ["Subject 2", "Subject 3", "Subject 1"]


def test_the_waiting_time_follows_messages_however_they_come_and_go(ticket, alice):
    def since():
        return Ticket.objects.get(pk=ticket.pk).waiting_since

    opened = ticket.messages.get().created
    assert since() == opened
    reply = ticket.reply(alice, "Answer")
    assert since() is None
    again = ticket.receive("Again")
    ticket.receive("And again")
    assert since() == again.created
    reply.delete()
    assert since() == opened


def test_more_filters(as_alice, alice, bob, make_tickets, shown):
    tickets = make_tickets(4)
    tickets[0].assign(alice, bob)
    tickets[1].set_tags(alice, ["urgent", "vip"])
    tickets[2].snooze(alice, timezone.now() + timedelta(days=1))
    Ticket.objects.filter(pk=tickets[3].pk).update(created=timezone.now() - timedelta(days=40))
    assert shown(as_alice.get(f"/?assignee={bob.pk}")) == ["Subject 0"]
    assert shown(as_alice.get("/?tag=vip")) == ["Subject 1"]
    assert shown(as_alice.get("/?customer=C2@Example.com")) == ["Subject 2"]
    assert shown(as_alice.get("/?status=snoozed")) == ["Subject 2"]
    assert "Subject 2" not in shown(as_alice.get("/"))
    long_ago = (timezone.now() - timedelta(days=30)).date()
    assert shown(as_alice.get(f"/?until={long_ago}")) == ["Subject 3"]
    assert shown(as_alice.get(f"/?since={long_ago}&tag=vip")) == ["Subject 1"]
    response = as_alice.get("/?tag=vip&mine=1")
    assert [(chip.label, chip.value, chip.without) for chip in response.context["filters"].chips] == [
        ("Tag", "vip", "status=any&mine=1"), ("Mine", "", "status=any&tag=vip"),
    ]  # fmt: skip


def test_my_teams(as_alice, as_bob, alice, support, make_tickets, shown):
    tickets = make_tickets(2)
    tickets[0].move(alice, support)
    assert shown(as_alice.get("/?status=open&team=mine")) == ["Subject 0"]
    assert shown(as_bob.get("/?status=open&team=mine")) == []


def test_hits_are_marked_and_nothing_in_them_is_markup(as_alice, alice, erin):
    ticket = Ticket.objects.open(
        erin, "The printer <b>burns</b> brightly", subject="Printer <script>alert(1)</script>"
    )
    ticket.note(alice, "printer again")
    html = as_alice.get("/?q=printer+burn").content.decode()
    assert "<mark>Printer</mark> &lt;script&gt;" in html
    assert "<mark>printer</mark> &lt;b&gt;<mark>burns</mark>&lt;/b&gt;" in html


def test_a_view_is_saved_shared_renamed_and_deleted(as_alice, as_carol, alice, support, dave, make_tickets, shown):
    make_tickets(1)
    saved = as_alice.post("/inbox/views/", {"name": "Hot", "query": "priority=high&bogus=1", "team": support.pk})
    assert saved.url == "/?status=any&priority=high"
    view = SavedView.objects.get()
    assert '<span class="truncate">Hot</span>' in as_alice.get("/").content.decode()
    assert "Hot" not in as_carol.get("/").content.decode()
    support.members.add(dave)
    as_dave = type(as_alice)()
    as_dave.force_login(dave)
    assert "Hot" in as_dave.get("/").content.decode()
    assert as_dave.post(f"/inbox/views/{view.pk}/", {"name": "Mine now"}).status_code == 404
    assert as_dave.post(f"/inbox/views/{view.pk}/delete/").status_code == 404
    as_alice.post(f"/inbox/views/{view.pk}/", {"name": "Hotter"})
    view.refresh_from_db()
    assert (view.name, view.team) == ("Hotter", None)
    assert "Hotter" not in as_dave.get("/").content.decode()
    as_alice.post(f"/inbox/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


def test_the_owner_alone_puts_other_filters_into_a_view(as_alice, alice, support, dave):
    view = SavedView.objects.create(owner=alice, team=support, name="Hot", query="status=any&priority=high")
    support.members.add(dave)
    as_dave = type(as_alice)()
    as_dave.force_login(dave)
    page = "/?status=open&priority=high&bogus=1"
    assert "Save these filters into this view" in as_alice.get(page).content.decode()
    assert "Save these filters into this view" not in as_dave.get(page).content.decode()
    filters = {"view": view.pk, "query": page[2:]}
    assert as_dave.post("/inbox/views/filters/", filters).status_code == 404
    for nothing in ("", "many", view.pk + 1):
        assert as_alice.post("/inbox/views/filters/", filters | {"view": nothing}).status_code == 404
    saved = as_alice.post("/inbox/views/filters/", filters, follow=True)
    assert saved.redirect_chain == [("/?status=open&priority=high", 302)]
    assert "The view Hot now has these filters." in saved.content.decode()
    view.refresh_from_db()
    assert (view.query, view.name, view.team) == ("status=open&priority=high", "Hot", support)


def test_a_view_without_a_name_is_not_saved(as_alice):
    response = as_alice.post("/inbox/views/", {"name": " ", "query": "status=open"}, follow=True)
    assert "Give the view a name." in response.content.decode() and not SavedView.objects.exists()


def test_rows_are_fetched_anew_as_their_person_sees_them(as_alice, alice, accounts, make_tickets):
    tickets = make_tickets(4)
    tickets[1].close(alice)
    tickets[2].move(alice, accounts)
    ids = ",".join(str(ticket.pk) for ticket in tickets[:3])
    html = as_alice.get(f"/inbox/rows/?status=open&ids={ids},x,{10**30}").content.decode()
    assert html.count("<li") == 1 and f'id="row-{tickets[0].pk}"' in html
