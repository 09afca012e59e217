"""Pages with much on them take ten queries at most, those that every page needs included."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.models import PromptVersion
from assistant.triage.trial import create_trial
from tickets.models import Category, Message, Tag, Ticket

pytestmark = pytest.mark.django_db


def queries_of(client, address):
    assert client.get(address).status_code == 200  # what a process keeps is there after the first page
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def test_a_ticket_in_the_admin(desk, alice, support, make_tickets, bench):
    ticket, *_ = make_tickets(3)
    bench.run()
    ticket.refresh_from_db()
    ticket.label(alice, category=Category.objects.get(slug="sales"), priority="low")
    ticket.tags.set([Tag.objects.create(name=name) for name in ("vip", "late")])
    Message.objects.bulk_create(
        Message(ticket=ticket, kind=Message.Kind.REPLY, author=alice, body=f"Reply {n}") for n in range(30)
    )
    assert queries_of(desk, f"/admin/tickets/ticket/{ticket.pk}/change/") <= 10


def test_a_prompt_version(desk, alice, carol, make_tickets):
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in make_tickets(3)]).update(
        category=Category.objects.get(slug="sales"), category_by="person"
    )
    versions = [PromptVersion.write(f"Version {n}", note="", author=alice) for n in range(5)]
    for _ in range(3):
        create_trial(versions[2], tickets=3, user=carol)
    assert queries_of(desk, f"/admin/assistant/promptversion/{versions[2].pk}/change/") <= 10


def test_the_start_of_a_run_on_a_model_that_nobody_lists(desk, make_run):
    run = make_run(3, model="a-model-nobody-knows")
    assert queries_of(desk, f"/admin/assistant/triagerun/{run.pk}/start/") <= 10
