"""The helpdesk in the Django admin: who enters, changes by verbs, searching."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tickets.models import Category, Customer, Message, Tag, Ticket
from tickets.models.choices import SetBy, Status

pytestmark = pytest.mark.django_db
LIST = "/admin/tickets/ticket/"


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


def address(ticket):
    return reverse("admin:tickets_ticket_change", args=[ticket.pk])


def save(desk, ticket, **changes):
    """Post the form of a ticket as a browser would, with some fields changed."""
    values = {
        "status": ticket.status,
        "priority": ticket.priority,
        "category": ticket.category_id or "",
        "team": ticket.team_id or "",
        "assignee": ticket.assignee_id or "",
        "tags": list(ticket.tags.values_list("pk", flat=True)),
    }
    hidden = re.findall(
        r'<input type="hidden" name="([\w-]+)" value="(.*?)"', desk.get(address(ticket)).content.decode()
    )
    assert ("messages-INITIAL_FORMS", "1") in hidden
    return desk.post(address(ticket), dict(hidden) | values | changes)


def kinds(ticket):
    return list(ticket.events.order_by("id").values_list("kind", flat=True))[1:]


def test_admins_enter_and_agents_do_not(client, carol, alice):
    client.force_login(alice)
    assert client.get("/admin/").status_code == 302
    assert client.get(LIST).status_code == 302
    client.force_login(carol)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "model", ["ticket", "message", "ticketevent", "classification", "customer", "team", "category", "tag"]
)
def test_every_list_opens_and_can_be_searched(desk, ticket, model):
    ticket.label(User.objects.get(username="carol"), category=Category.objects.get(slug="billing"))
    assert desk.get(f"/admin/tickets/{model}/").status_code == 200
    assert desk.get(f"/admin/tickets/{model}/?q=1").status_code == 200
    assert desk.get(f"/admin/tickets/{model}/?q=no such words").status_code == 200


def test_accounts_and_groups_are_there_with_search():
    for model in (User, Group):
        assert admin.site.get_model_admin(model).search_fields


def test_a_change_of_labels_is_a_person_s_and_leaves_events(desk, carol, ticket, accounts):
    billing = Category.objects.get(slug="billing")
    assert save(desk, ticket, category=billing.pk, priority="high").status_code == 302
    ticket.refresh_from_db()
    assert (ticket.category, ticket.category_by, ticket.priority_by) == (billing, SetBy.PERSON, SetBy.PERSON)
    assert ticket.team == accounts and ticket.team_by == SetBy.RULE
    assert sorted(kinds(ticket)) == ["category", "priority", "team"]
    label = ticket.classifications.get()
    assert (label.source, label.author, label.replaced["category"]) == (SetBy.PERSON, carol, None)


def test_a_chosen_team_is_not_rerouted_by_the_category(desk, ticket, support, accounts):
    save(desk, ticket, category=Category.objects.get(slug="billing").pk, team=support.pk)
    ticket.refresh_from_db()
    assert (ticket.team, ticket.team_by) == (support, SetBy.PERSON)


def test_status_assignee_and_tags_go_through_the_verbs(desk, carol, alice, ticket):
    tag = Tag.objects.create(name="vip")
    save(desk, ticket, status="resolved", assignee=alice.pk, tags=[tag.pk])
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == (Status.RESOLVED, alice) and ticket.resolved
    assert list(ticket.tags.all()) == [tag]
    assert sorted(kinds(ticket)) == ["assignee", "status", "tags"]
    assert set(ticket.events.exclude(kind="opened").values_list("actor", flat=True)) == {carol.pk}
    assert ticket.category_by == ticket.priority_by == SetBy.UNSET


def test_saving_without_a_change_changes_nothing(desk, ticket):
    save(desk, ticket)
    assert Ticket.objects.get(pk=ticket.pk).version == ticket.version and kinds(ticket) == []


def test_a_category_cannot_be_taken_away(desk, carol, ticket):
    ticket.label(carol, category=Category.objects.get(slug="sales"))
    response = save(desk, ticket, category="")
    assert response.status_code == 200 and b"not taken away" in response.content


def test_a_ticket_is_opened_with_its_first_message(desk, carol, erin):
    sales = Category.objects.get(slug="sales")
    values = {"customer": erin.pk, "subject": "", "body": "She rang about prices.", "status": "pending",
              "priority": "medium", "category": sales.pk, "team": "", "assignee": ""}  # fmt: skip
    response = desk.post(f"{LIST}add/", values)
    assert response.status_code == 302
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.status, ticket.category_by) == ("She rang about prices.", "pending", "person")
    assert ticket.priority_by == SetBy.UNSET
    assert ticket.messages.get().body == "She rang about prices."
    assert ticket.events.get(kind="opened").actor == carol
    assert b"thread begins" in desk.post(f"{LIST}add/", values | {"body": " "}).content


def test_history_can_be_read_and_not_changed(desk, ticket):
    message = ticket.messages.get()
    for model, pk in (("message", message.pk), ("ticketevent", ticket.events.get().pk)):
        assert desk.get(f"/admin/tickets/{model}/{pk}/change/").status_code == 200
        assert desk.post(f"/admin/tickets/{model}/{pk}/change/", {"body": "x"}).status_code == 403
        assert desk.get(f"/admin/tickets/{model}/{pk}/delete/").status_code == 403
        assert desk.get(f"/admin/tickets/{model}/add/").status_code == 403


def test_a_ticket_is_deleted_together_with_its_history(desk, ticket):
    response = desk.post(f"/admin/tickets/ticket/{ticket.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not Ticket.objects.exists() and not Message.objects.exists()


def test_tickets_are_found_by_number_external_id_subject_and_address(desk, erin, ticket):
    other = Ticket.objects.open(
        Customer.objects.create(email="zoe@example.net"),
        "x",
        subject="Parcel lost",
        source="shop",
        external_id="A-77",
    )

    def found(text):
        return [row.pk for row in desk.get(LIST, {"q": text}).context["cl"].result_list]

    assert found(f"#{ticket.pk}") == found("Charged") == found("erin@example.com") == [ticket.pk]
    assert found("A-77") == found("zoe@") == found("parcel LOST") == [other.pk]
    assert found("9" * 30) == []


def test_the_ai_s_labels_carry_its_mark_and_a_person_s_do_not(desk, carol, ticket):
    Ticket.objects.filter(pk=ticket.pk).update(
        category=Category.objects.get(slug="sales"), category_by=SetBy.RELAY, priority_by=SetBy.PERSON
    )
    page = desk.get(LIST).content.decode()
    assert page.count('class="ai-mark"') == 1
    assert '<span title="set by a person">Medium</span>' in page
