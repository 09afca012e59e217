"""The socket of the inbox and the rows its page fetches anew, against a real server."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from tests.assistant.sockets import PATIENCE, Server, log_in, open_socket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        server = Server("http://127.0.0.1:9/v1").start()
    yield server
    server.kill()


@pytest.fixture
def rename():
    names = []

    def rename(table: str, name: str) -> None:
        names.append((name, table))
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")

    yield rename
    for name, table in list(names):
        rename(name, table)


def told_of(client, ticket) -> None:
    """Wait until the socket names the ticket."""
    deadline = time.monotonic() + PATIENCE
    while ticket.pk not in client.until("inbox.changed")["tickets"]:
        assert time.monotonic() < deadline


def watched(client, ticket, person) -> None:
    """Wait until changes are told: what happens while a page is just opening, it has been rendered with."""
    for _try in range(PATIENCE):
        ticket.note(person, "Anybody there?")
        with suppress(TimeoutError):
            while "inbox.changed" not in client.socket.recv(timeout=1.5):
                pass
            return
    raise AssertionError("nothing was told")


def named(client) -> set[int]:
    frames = [json.loads(frame) for frame in client.seen]
    return {pk for frame in frames if frame["type"] == "inbox.changed" for pk in frame["tickets"]}


def test_new_and_assigned_tickets_are_told_to_those_who_see_them(server, alice, bob, accounts, support, ticket):
    with (
        open_socket(server, "/ws/inbox/", log_in(alice)) as of_support,
        open_socket(server, "/ws/inbox/", log_in(bob)) as of_accounts,
    ):
        for client in (of_support, of_accounts):
            watched(client, ticket, alice)
        hers = Ticket.objects.open(ticket.customer, "It crashes", team=support)
        told_of(of_support, hers)
        his = Ticket.objects.open(ticket.customer, "A refund, please", team=accounts)
        told_of(of_accounts, his)
        assert hers.pk not in named(of_accounts) and his.pk not in named(of_support)
        his.assign(bob, alice)
        told_of(of_support, his)
        hers.move(alice, accounts)
        told_of(of_support, hers)  # its row has to go
        told_of(of_accounts, hers)


def test_somebody_in_a_ticket_is_named_in_the_inbox_of_others(server, alice, carol, ticket):
    with open_socket(server, "/ws/inbox/", log_in(alice)) as inbox:
        with open_socket(server, f"/ws/tickets/{ticket.pk}/", log_in(carol)):
            assert inbox.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}
        assert inbox.until("inbox.presence")["tickets"] == {}


def test_nobody_learns_who_is_in_a_ticket_they_do_not_see(server, alice, bob, carol, support, ticket):
    hers = Ticket.objects.open(ticket.customer, "It crashes", team=support)
    with (
        open_socket(server, "/ws/inbox/", log_in(alice)) as of_support,
        open_socket(server, "/ws/inbox/", log_in(bob)) as of_accounts,
        open_socket(server, f"/ws/tickets/{hers.pk}/", log_in(carol)),
    ):
        assert of_support.until("inbox.presence")["tickets"] == {str(hers.pk): ["Carol"]}
        with open_socket(server, f"/ws/tickets/{ticket.pk}/", log_in(carol)):
            assert of_accounts.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}


def test_what_changed_before_the_socket_opened_is_told_to_those_who_see_it(server, alice, bob, support, ticket):
    made = time.time()
    hers = Ticket.objects.open(ticket.customer, "It crashes", team=support)
    Ticket.objects.filter(pk=ticket.pk).update(updated=timezone.now() - timedelta(hours=1))
    with (
        open_socket(server, "/ws/inbox/", log_in(alice)) as of_support,
        open_socket(server, "/ws/inbox/", log_in(bob)) as of_accounts,
    ):
        of_support.send("since", at=made)
        assert of_support.until("inbox.changed")["tickets"] == [hers.pk]
        of_accounts.send("since", at=made)
        of_accounts.send("ping")
        of_accounts.until("pong")
        assert named(of_accounts) == set()
        for rubbish in ("yesterday", None, float("nan"), 1e300, [1]):
            of_accounts.send("since", at=rubbish)
            assert of_accounts.until("error")["error"]["code"] == "bad_request"
        of_accounts.send("since", at=-1e9)
        assert of_accounts.until("inbox.changed")["tickets"] == [ticket.pk]


def test_a_row_that_is_shown_has_to_go_when_its_ticket_moves_to_others(
    server, alice, bob, carol, support, accounts, ticket
):
    hers, gone = (Ticket.objects.open(ticket.customer, f"It crashes {n}", team=support) for n in range(2))
    Ticket.objects.update(updated=timezone.now() - timedelta(hours=1))
    made = time.time()
    gone.move(carol, accounts)
    with (
        open_socket(server, "/ws/inbox/", log_in(alice)) as of_support,
        open_socket(server, "/ws/inbox/", log_in(bob)) as of_accounts,
    ):
        of_support.send("since", at=made, shown=[hers.pk, gone.pk])
        told_of(of_support, gone)  # which happened before
        of_accounts.send("since", at=made, shown=[])
        told_of(of_accounts, gone)
        hers.move(carol, accounts)
        told_of(of_support, hers)
        told_of(of_accounts, hers)
        for rubbish in ("1", [True, None], [2**64], [-1], list(range(1, 600))):
            of_support.send("since", at=made, shown=rubbish)
            assert of_support.until("error")["error"]["code"] == "bad_request"


def test_nobody_is_told_anything_without_a_login(server, alice):
    with open_socket(server, "/ws/inbox/") as stranger:
        assert stranger.close_code() == 4401
    with open_socket(server, "/ws/inbox/", log_in(alice)) as client:
        client.send("draft.start")
        assert client.until("error")["error"]["code"] == "bad_request"
        Session.objects.all().delete()
        assert client.close_code() == 4401


def test_a_page_that_cannot_be_told_what_it_missed_hears_when_to_come_back(server, alice, rename):
    with open_socket(server, "/ws/inbox/", log_in(alice)) as client:
        client.send("ping")
        client.until("pong")
        rename("tickets_ticket", "tickets_gone")
        client.send("since", at=time.time())
        assert client.close_code() == 4503


def test_rows_fetched_anew_are_those_that_fit_the_filters(client, alice, support, accounts, erin):
    client.force_login(alice)
    fits, other = (Ticket.objects.open(erin, f"Order {n}", team=support) for n in range(2))
    hidden = Ticket.objects.open(erin, "Order 2", team=accounts)
    other.close(alice)
    ids = ",".join(str(ticket.pk) for ticket in (fits, other, hidden))
    html = client.get(f"/inbox/rows/?status=open&ids={ids},rubbish").content.decode()
    assert f'id="row-{fits.pk}"' in html and html.count("<li") == 1
    assert "<mark>Order</mark>" in client.get(f"/inbox/rows/?q=order&ids={ids}").content.decode()
    assert client.get("/inbox/rows/?ids=").content.decode().strip() == ""
