"""Every page that names a ticket asks who may see it: made from the URL conf, so that a page nobody thought of fails
here. (The API has its own table, tests/tickets/api/test_matrix.py.)"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from assistant.models import Draft
from tickets.attachments import attach
from tickets.models import OutgoingMail, ReceivedMail, Ticket

pytestmark = pytest.mark.django_db
ELSEWHERE = ("admin/", "api/")  # the admin lets admins in alone; the API answers 401 and has its own table


def pages(patterns, prefix="") -> dict[str, URLPattern]:
    """address -> pattern of all pages of the desk that name a ticket."""
    found = {}
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= pages(pattern.url_patterns, address)
        elif "ticket_id>" in address and not address.startswith(ELSEWHERE):
            found[address] = pattern
    return found


PAGES = pages(get_resolver().url_patterns)


@pytest.fixture
def hers(alice, support, erin) -> Ticket:
    """A ticket of Alice's team with all that an address can name."""
    ticket = Ticket.objects.open(erin, "Secret words", team=support, needs_review=True)
    reply = ticket.reply(alice, "An answer")
    attach(reply, "secret.txt", b"secret bytes")
    raw = ReceivedMail.pack(b"Subject: Secret\r\n\r\nsecret")
    ReceivedMail.objects.create(key="k", outcome="stored", ticket=ticket, message=reply, packed=raw)
    Draft.objects.create(ticket=ticket, author=alice, model="m", text="secret", state="done")
    return ticket


def address_of(pattern: str, ticket: Ticket) -> str:
    reply = ticket.messages.get(kind="reply")
    ids = {
        "<int:ticket_id>": ticket.pk,
        "<int:attachment_id>": ticket.attachments.get().pk,
        "<int:message_id>": reply.pk,
        "<int:mail_id>": OutgoingMail.objects.get(message=reply).pk,
    }
    for name, value in ids.items():
        pattern = pattern.replace(name, str(value))
    assert "<" not in pattern, f"say here what {pattern} names"
    return "/" + pattern


def answers(client: Client, ticket: Ticket) -> list[tuple[str, str, int, str, str]]:
    """Of every page and method that it takes: address, method, status, where it sends, text."""
    given = []
    for pattern in PAGES:
        address = address_of(pattern, ticket)
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            if answer.status_code != 405:
                text = b"".join(answer.streaming_content) if answer.streaming else answer.content
                given.append((address, method, answer.status_code, answer.get("Location", ""), text.decode().lower()))
    return given


def test_there_are_pages_to_ask():
    assert len(PAGES) >= 14


def test_an_agent_of_another_team_gets_404_everywhere(client, bob, hers):
    client.force_login(bob)
    got = answers(client, hers)
    assert {(address, status) for address, _method, status, *_rest in got if status != 404} == set()
    assert not [address for address, *_rest, text in got if "secret" in text or "erin" in text]
    assert hers.messages.count() == 2 and Ticket.objects.get().version == hers.version


def test_who_is_not_logged_in_is_sent_to_the_login_everywhere(client, dave, hers):
    got = answers(client, hers)
    wrong = [row[:4] for row in got if row[2] != 302 or not row[3].startswith("/accounts/login/")]
    assert wrong == [] and len(got) >= len(PAGES)
    assert hers.messages.count() == 2


def test_the_same_addresses_answer_who_may_see_the_ticket(client, alice, hers):
    """So that the two above do not pass for addresses that answer nobody."""
    client.force_login(alice)
    got = answers(client, hers)
    reached = {address for address, _method, status, *_rest in got if status != 404}
    assert {address_of(pattern, hers) for pattern in PAGES} - reached == set()
