from __future__ import annotations

import base64

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tickets.desk.sorting import LAST_MESSAGE, SORTS
from tickets.models import Category, Customer, Message, Team, Ticket

pytestmark = pytest.mark.django_db


def test_the_bare_address_shows_open_tickets_the_last_message_first(as_alice, alice, make_tickets, shown):
    tickets = make_tickets(3)
    tickets[1].close(alice)
    response = as_alice.get("/")
    assert shown(response) == ["Subject 0", "Subject 2"]
    tickets[2].receive("Still waiting")
    assert shown(as_alice.get("/")) == ["Subject 2", "Subject 0"]


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("status=any", ["Subject 0", "Subject 1", "Subject 2", "Subject 3"]),
        ("status=pending", ["Subject 1"]),
        ("category=technical", ["Subject 2"]),
        ("priority=high", ["Subject 2"]),
        ("mine=1", ["Subject 3"]),
        ("unassigned=1", ["Subject 0", "Subject 1", "Subject 2"]),
        ("mine=1&unassigned=1&status=open", ["Subject 0", "Subject 2", "Subject 3"]),
        ("review=1", ["Subject 0"]),
        ("status=open&priority=medium&unassigned=1", ["Subject 0"]),
        ("q=subject+3", ["Subject 3"]),
        ("q=c2@exam", ["Subject 2"]),
        ("q=Customer+1", ["Subject 1"]),
        ("q=nothing+like+that", []),
    ],
)
def test_filters_live_in_the_address(query, subjects, as_alice, alice, make_tickets, shown):
    tickets = make_tickets(4)
    Ticket.objects.filter(pk=tickets[0].pk).update(needs_review=True)
    tickets[1].set_status(alice, "pending")
    tickets[2].label(alice, category=Category.objects.get(slug="technical"), priority="high")
    tickets[3].assign(alice, alice)
    assert shown(as_alice.get(f"/?{query}")) == subjects


def test_the_team_filter_and_the_ticket_number(as_alice, support, alice, make_tickets, shown):
    tickets = make_tickets(2)
    tickets[1].move(alice, support)
    assert shown(as_alice.get(f"/?team={support.pk}")) == ["Subject 1"]
    assert shown(as_alice.get(f"/?q=%23{tickets[0].pk}")) == ["Subject 0"]
    assert shown(as_alice.get(f"/?q={10**30}")) == []


def test_the_form_repeats_the_address_and_rows_carry_it_on(as_alice, make_tickets):
    (ticket,) = make_tickets(1)
    html = as_alice.get("/?priority=medium&unassigned=1").content.decode()
    assert '<option value="medium" selected>' in html
    assert f'href="/tickets/{ticket.pk}/?status=any&amp;priority=medium&amp;unassigned=1"' in html


def test_a_filter_that_means_nothing_is_named_and_left_out(as_alice, make_tickets, shown):
    make_tickets(1)
    response = as_alice.get("/?status=bogus&priority=medium&team=x")
    assert shown(response) == ["Subject 0"]
    html = response.content.decode()
    assert "A filter in the address means nothing" in html and "bogus" in html


def test_pages_follow_each_other_without_loss(as_alice, make_tickets, shown):
    make_tickets(60)
    first = as_alice.get("/?status=open")
    assert len(shown(first)) == 50 and not first.context["page"].previous
    second = as_alice.get(f"/?status=open&after={first.context['page'].next}")
    assert shown(second) == [f"Subject {number}" for number in range(50, 60)]
    back = as_alice.get(f"/?status=open&after={second.context['page'].previous}")
    assert shown(back) == shown(first)


def test_a_damaged_page_address_leads_to_the_first_page_with_a_word(as_alice, make_tickets):
    make_tickets(1)
    response = as_alice.get("/?status=open&after=%FFnonsense", follow=True)
    assert response.redirect_chain == [("/?status=open", 302)]
    assert "start again from the first page" in response.content.decode()


@pytest.mark.parametrize(
    "inside",
    [
        '[0,"2026-01-01T00:00:00+00:00",Infinity]',
        '[0,"2026-01-01T00:00:00+00:00",NaN]',
        '[0,"2026-01-01T00:00:00+00:00",true]',
        '[0,"2026-01-01T00:00:00+00:00",1.5]',
        f'[0,"2026-01-01T00:00:00+00:00",{2**63}]',
        f'[0,"2026-01-01T00:00:00+00:00",{"9" * 5000}]',
        '[0,"2026-01-01T00:00:00",1]',
        '[0,"0001-01-01T00:00:00+23:59",1]',
        '[0,"9999-12-31T23:59:59-23:59",1]',
        "[" * 3000,
    ],
)
@pytest.mark.parametrize("sort", ["", "priority"])
def test_whatever_a_page_address_holds_it_is_ours_or_damaged(as_alice, ticket, sort, inside):
    if sort == "priority" and inside.endswith("]"):
        inside = inside[:-1] + ",1]"
    cursor = base64.urlsafe_b64encode(inside.encode()).decode()
    response = as_alice.get("/", {"sort": sort, "after": cursor}, follow=True)
    assert response.redirect_chain and "start again from the first page" in response.content.decode()
    assert as_alice.get(f"/tickets/{ticket.pk}/", {"sort": sort, "at": cursor}).status_code == 200


@pytest.mark.parametrize("group", ["1.5", "Infinity", '"1"', str(2**63)])
def test_a_page_address_of_no_group_is_damaged(as_alice, ticket, group):
    inside = f'[0,"2026-01-01T00:00:00+00:00",1,{group}]'
    cursor = base64.urlsafe_b64encode(inside.encode()).decode()
    assert as_alice.get("/", {"sort": "priority", "after": cursor}).status_code == 302


@pytest.mark.parametrize("place", ["0001-01-01T00:00:00+23:59~0~1", "9999-12-31T23:59:59-23:59~0~1"])
def test_a_place_in_a_thread_before_all_time_or_after_it_is_none(as_alice, ticket, place):
    for name in ("before", "since"):
        assert as_alice.get(f"/tickets/{ticket.pk}/", {name: place}).status_code == 200


def test_a_number_that_is_a_book_long_is_no_error_of_ours(as_alice, ticket):
    """Python refuses to read more than 4,300 digits."""
    digits = "9" * 5000
    assert as_alice.post("/inbox/views/filters/", {"view": digits, "query": ""}).status_code == 404
    assert as_alice.get(f"/tickets/{ticket.pk}/", {"left": digits}).status_code == 200


def test_agents_see_only_what_is_theirs(as_alice, as_bob, as_carol, alice, accounts, make_tickets, shown):
    tickets = make_tickets(2)
    tickets[0].move(alice, accounts)
    assert shown(as_alice.get("/")) == ["Subject 1"]
    assert shown(as_bob.get("/")) == ["Subject 0", "Subject 1"]
    assert shown(as_carol.get("/")) == ["Subject 0", "Subject 1"]


def test_a_row_says_who_writes_what_and_who_set_the_labels(as_alice, alice, ticket):
    ticket.label(alice, priority="high")
    ticket.reply(alice, "We have *refunded* one of them.")
    ticket.note(alice, "secret among colleagues")
    Ticket.objects.filter(pk=ticket.pk).update(
        category=Category.objects.get(slug="billing"), category_by="relay", assignee=alice
    )
    html = as_alice.get("/").content.decode()
    assert "Erin Example" in html and "We have *refunded* one of them." in html and "secret" not in html
    assert "Billing, set by AI" in html and "High, set by a person" in html and "ai-mark" in html


def test_the_snippet_of_html_mail_is_its_words(as_alice, erin):
    body = "<html><head><style>p{color:red}</style></head><body><p>Where is my <b>parcel</b>?</p></body></html>"
    Ticket.objects.open(erin, body, format="html")
    assert as_alice.get("/").context["rows"][0].snippet == "Where is my parcel?"


def test_counts_stop_at_a_cap(as_alice, make_tickets, monkeypatch):
    monkeypatch.setattr("tickets.desk.counts.CAP", 4)
    monkeypatch.setattr("tickets.desk.inbox.VIEWS_MOST", 3)
    monkeypatch.setattr("tickets.desk.rows.list_page.__defaults__", ("", 2, SORTS[LAST_MESSAGE]))
    make_tickets(6)
    response = as_alice.get("/")
    assert (response.context["total"], response.context["most"]) == (5, 4)
    html = response.content.decode()
    assert "4+ tickets" in html and '<span class="count">3+</span>' in html


def test_a_search_counts_no_further_than_its_page(as_alice, make_tickets):
    make_tickets(52)
    assert "50+ tickets" in as_alice.get("/?status=any&q=subject").content.decode()
    assert "11 tickets" in as_alice.get("/?status=any&q=subject+1").content.decode()  # 1 and 10 to 19


def test_names_of_a_ticket_are_shown_as_text(as_alice, alice, make_tickets, support):
    (ticket,) = make_tickets(1)
    Customer.objects.update(name="<i>customer</i>")
    ticket.move(alice, Team.objects.create(name="<i>team</i>"))
    Ticket.objects.update(subject='100 %(id)s "<i>subject</i>', assignee=alice)
    type(alice).objects.update(first_name="<i>assignee</i>")
    Message.objects.update(body="<i>body</i>")
    for query in ("status=any", "q=subject", "q=body"):
        html = as_alice.get(f"/?{query}").content.decode()
        assert "<i>" not in html.replace("<mark>", "").replace("</mark>", "")
        assert "100 %(id)s &quot;&lt;i&gt;" in html and "&lt;i&gt;team" in html and "&lt;i&gt;customer" in html


def test_htmx_gets_the_list_alone_and_the_address_for_the_bar(as_alice, make_tickets, shown):
    make_tickets(2)
    response = as_alice.get("/?q=subject+1&status=&priority=", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert shown(response) == ["Subject 1"]
    assert "<html" not in html and 'id="views"' in html
    assert response["HX-Push-Url"] == "/?status=any&q=subject+1"
    assert "HX-Request" in response["Vary"]


def test_an_empty_list_teaches(as_alice, as_carol, alice, make_tickets):
    assert "import_tickets" in as_carol.get("/").content.decode()
    assert "tickets of your teams" in as_alice.get("/").content.decode()
    make_tickets(1)
    assert "Take one from the unassigned" in as_alice.get("/?mine=1").content.decode()


def test_a_page_costs_the_same_queries_whatever_its_size(as_alice, alice, support, make_tickets):
    def queries(query: str = "") -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_alice.get(f"/?{query}").status_code == 200
        return len(captured)

    make_tickets(5, team=support, assignee=alice, category=Category.objects.get(slug="technical"))
    few = queries()
    make_tickets(50, team=support, assignee=alice, category=Category.objects.get(slug="technical"))
    assert queries() == few + 1 <= 10  # one more to count what does not fit on the page
    assert queries("status=any&q=subject") <= 10 and queries("sort=priority&team=mine") <= 10


def test_strangers_are_sent_to_the_login_page_and_back(client, as_alice):
    assert client.get("/?status=any").url == "/accounts/login/?next=/%3Fstatus%3Dany"
    partial = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?mine=1"})
    assert partial["HX-Redirect"] == "/accounts/login/?next=%2F%3Fmine%3D1"
    assert client.post("/").status_code == 405
