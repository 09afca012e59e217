"""Browsers of the named people, and tickets to look at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tickets.models import Customer, Ticket


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice) -> Client:
    return logged_in(alice)


@pytest.fixture
def as_bob(bob) -> Client:
    return logged_in(bob)


@pytest.fixture
def as_carol(carol) -> Client:
    return logged_in(carol)


@pytest.fixture
def make_tickets(db):
    """`make_tickets(3)` opens three tickets, the first the newest."""

    def make(count: int, **fields) -> list[Ticket]:
        now = timezone.now()
        made = []
        for number in range(count):
            customer, _ = Customer.objects.get_or_create(email=f"c{number}@example.com", name=f"Customer {number}")
            body = f"Body of ticket {number}"
            opened = now - timedelta(minutes=number)
            made.append(Ticket.objects.open(customer, body, subject=f"Subject {number}", now=opened, **fields))
        return made

    return make


@pytest.fixture
def shown():
    """The subjects an answer lists, in order."""

    def subjects(response) -> list[str]:
        return [row.ticket.subject for row in response.context["rows"]]

    return subjects
