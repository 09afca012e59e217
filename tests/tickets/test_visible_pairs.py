import pytest

from tickets.access import tickets_for, visible_pairs
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_pairs_are_visible_exactly_where_the_door_lets_each_person_through(
    alice, bob, carol, dave, erin, support, accounts, django_assert_max_num_queries
):
    tickets = [Ticket.objects.open(erin, "Help.", team=team) for team in (None, support, accounts)]
    tickets.append(Ticket.objects.open(erin, "Help.", team=accounts, assignee=alice))
    dave.is_active = False
    dave.save()
    people = (alice, bob, carol, dave)
    expected = {(user.pk, ticket.pk) for user in people for ticket in tickets_for(user)}
    pairs = {(user.pk, ticket.pk) for user in people for ticket in tickets} | {(alice.pk, 0), (0, tickets[0].pk)}
    with django_assert_max_num_queries(4):
        assert visible_pairs(pairs) == expected
