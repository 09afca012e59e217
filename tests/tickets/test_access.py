import pytest
from django.http import Http404

from tickets.access import is_admin, ticket_or_404, tickets_for
from tickets.models.choices import SetBy

pytestmark = pytest.mark.django_db


def test_an_agent_sees_their_teams_tickets_their_own_and_those_without_a_team(alice, bob, ticket, accounts):
    assert list(tickets_for(alice)) == [ticket]
    ticket.move(alice, accounts)
    assert list(tickets_for(alice)) == []
    assert list(tickets_for(bob)) == [ticket]
    ticket.assign(bob, alice)
    assert list(tickets_for(alice)) == [ticket]


def test_admins_see_everything_and_strangers_nothing(carol, dave, ticket, accounts):
    ticket.move(None, accounts)
    assert is_admin(carol) and list(tickets_for(carol)) == [ticket]
    assert not is_admin(dave) and list(tickets_for(dave)) == []
    carol.is_active = False
    assert list(tickets_for(carol)) == []


def test_a_ticket_of_another_team_is_not_found(alice, ticket, accounts):
    ticket.move(None, accounts)
    with pytest.raises(Http404):
        ticket_or_404(alice, ticket.pk)


def test_a_person_s_label_routes_the_ticket_and_is_recorded(alice, ticket, accounts):
    from tickets.models import Category

    stored = ticket.label(alice, category=Category.objects.get(slug="billing"), priority="high")
    ticket.refresh_from_db()
    assert (ticket.category_by, ticket.priority_by, ticket.team) == (SetBy.PERSON, SetBy.PERSON, accounts)
    assert stored is not None and stored.source == SetBy.PERSON and stored.replaced["category"] is None
    assert set(ticket.events.values_list("kind", flat=True)) >= {"category", "priority", "team"}
