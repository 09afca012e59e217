from __future__ import annotations

import pytest

from tickets.models import Category, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(as_alice, ticket):
    def post(headers=None, **fields):
        response = as_alice.post(f"/tickets/{ticket.pk}/properties/?status=open", fields, headers=headers or {})
        ticket.refresh_from_db()
        return response

    return post


def test_each_property_is_changed_by_its_verb_with_an_event(change, alice, ticket, support):
    assert change(status="pending").url == f"/tickets/{ticket.pk}/?status=open"
    change(priority="high")
    change(category="general")
    change(assignee=alice.pk)
    change(team=support.pk)
    change(tags="refund, vip ,, refund")
    assert (ticket.status, ticket.priority, ticket.category.slug) == ("pending", "high", "general")
    assert (ticket.assignee, ticket.team, ticket.priority_by) == (alice, support, "person")
    assert sorted(tag.name for tag in ticket.tags.all()) == ["refund", "vip"]
    events = ticket.events.exclude(kind="opened")
    assert set(events.values_list("kind", flat=True)) == {
        "status",
        "priority",
        "category",
        "assignee",
        "team",
        "tags",
    }
    assert {event.actor for event in events} == {alice}


def test_assignee_and_team_can_be_taken_away(change, alice, support, ticket):
    ticket.assign(alice, alice)
    ticket.move(alice, support)
    change(assignee="")
    assert ticket.assignee is None and ticket.team == support
    change(team="")
    assert ticket.team is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "lost"}, {"priority": ""}, {"category": "nonsense"}, {"category": ""}, {"team": "999"},
        {"assignee": "x"}, {"tags": "x" * 1001}, {"status": "closed", "priority": "huge"},
    ],
)  # fmt: skip
def test_a_bad_value_changes_nothing_and_says_so(fields, change, ticket):
    response = change(**fields)
    assert response.status_code == 422 and 'role="alert"' in response.content.decode()
    assert (ticket.status, ticket.priority, ticket.category, ticket.team) == ("open", "medium", None, None)
    assert ticket.version == 1


def test_only_people_who_work_on_tickets_are_offered(change, as_alice, dave, ticket):
    assert change(assignee=dave.pk).status_code == 422 and ticket.assignee is None
    offered = as_alice.get(f"/tickets/{ticket.pk}/").context["options"].agents
    assert [name for _id, name in offered] == ["Alice"]


def test_an_inactive_category_is_not_offered_but_still_shown(as_alice, alice, ticket):
    ticket.label(alice, category=Category.objects.get(slug="sales"))
    Category.objects.filter(slug="sales").update(active=False)
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert '<option value="sales" selected disabled>Sales</option>' in html


def test_htmx_gets_the_panel_the_head_and_the_thread(change, ticket):
    response = change(headers={"HX-Request": "true"}, status="pending")
    html = response.content.decode()
    assert response.status_code == 200 and "<html" not in html
    assert 'id="properties-title"' in html and html.count('hx-swap-oob="innerHTML"') == 2
    assert 'id="thread-tail"' in html and "Pending" in html


def test_a_ticket_moved_out_of_sight_leads_back_to_the_list(change, as_alice, accounts, ticket):
    response = change(headers={"HX-Request": "true"}, category="billing")
    assert response["HX-Redirect"] == "/?status=open" and ticket.team == accounts
    assert "has left your list" in as_alice.get("/?status=open").content.decode()
    assert as_alice.get(f"/tickets/{ticket.pk}/").status_code == 404


def test_get_changes_nothing(as_alice, ticket):
    assert as_alice.get(f"/tickets/{ticket.pk}/properties/").status_code == 405
    assert Ticket.objects.get().version == 1
