"""Who may open a ticket's socket, who is put out of it, and how it takes rubbish."""

from __future__ import annotations

import http.client
import select
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from websockets.exceptions import InvalidStatus

from assistant.models import Draft
from tests.assistant.sockets import PATIENCE, log_in, open_socket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_is_not_logged_in_is_closed_with_4401(server, ticket):
    with open_socket(server, f"/ws/tickets/{ticket.pk}/") as client:
        assert client.close_code() == 4401
    with open_socket(server, f"/ws/tickets/{ticket.pk}/", "sessionid=made-up") as client:
        assert client.close_code() == 4401


def test_a_ticket_of_another_team_and_one_that_does_not_exist_are_closed_with_4404(
    server, page, ticket, bob, support
):
    ticket.move(None, support)
    with page(bob) as client:
        assert client.close_code() == 4404
    for path in (f"/ws/tickets/{ticket.pk + 1}/", f"/ws/tickets/{10**30}/", "/ws/elsewhere/"):
        with open_socket(server, path, log_in(bob)) as client:
            assert client.close_code() == 4404


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", None, "http://127.0.0.1:1", "http://127.0.0.1", "https://{host}", "{host}"],
)
def test_a_page_of_another_site_is_refused(server, page, origin):
    said = origin and origin.format(host=f"127.0.0.1:{server.port}")
    with pytest.raises(InvalidStatus) as refused, page(origin=said):
        pass
    assert refused.value.response.status_code in (400, 403)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", ""])
def test_the_origin_must_be_the_host_that_was_asked_and_is_served(server, page, host):
    """A page at evil.example whose name was pointed at this server says so in both headers."""
    web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    web.putrequest("GET", "/ws/tickets/1/", skip_host=True)
    headers = {
        "Host": host, "Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==", "Sec-WebSocket-Version": "13",
    }  # fmt: skip
    for name, value in headers.items():
        web.putheader(name, value)
    web.endheaders()
    assert web.getresponse().status in (400, 403)


@pytest.mark.parametrize(
    "rubbish",
    [
        "not json", "[]", "null", "1", "{}", '{"type":1}', '{"type":"shutdown"}', "[" * 50_000, b"\x00\xff",
        "x" * 1_000_000,
        '{"type":"draft.start","instruction":7}', '{"type":"draft.start","tone":"rude"}',
        '{"type":"draft.start","model":[]}',
        '{"type":"draft.stop"}', '{"type":"draft.stop","draft":"7"}', '{"type":"draft.resume","draft":{}}',
        '{"type":"draft.start","instruction":"' + "x" * 2001 + '"}', '{"type":"__init__"}', '{"type":"ticket.event"}',
    ],
)  # fmt: skip
def test_rubbish_is_answered_and_the_socket_stays_open(page, rubbish):
    with page() as client:
        client.socket.send(rubbish)
        assert client.until("error")["error"]["code"] == "bad_request"
        client.send("ping")
        client.until("pong")


def test_a_draft_of_another_ticket_is_not_found(page, erin, ticket):
    other = Ticket.objects.open(erin, "Another matter.")
    with page() as client:
        draft_id = client.draft()
        client.until("draft.done")
    with page(of=other) as client:
        for type in ("draft.stop", "draft.resume", "draft.discard"):
            client.send(type, draft=draft_id)
            assert client.until("error")["error"]["code"] == "not_found"


def test_people_see_who_else_is_looking(page, carol):
    with page() as one:
        assert [p["name"] for p in one.until("presence")["people"]] == ["Alice"]
        with page(carol) as other:
            assert [p["name"] for p in one.until("presence")["people"]] == ["Alice", "Carol"]
            other.until("presence")
            assert [p["name"] for p in other.until("presence")["people"]] == ["Alice", "Carol"]
        assert [p["name"] for p in one.until("presence")["people"]] == ["Alice"]


def test_a_new_message_is_told_to_every_open_page(page, server, ticket, alice):
    cookie = log_in(alice)
    with page() as one, page() as two:
        two.until("presence")
        token = "a" * 32
        web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
        body = urlencode({"body": "Looking into it.", "csrfmiddlewaretoken": token})
        headers = {
            "Cookie": f"{cookie}; csrftoken={token}", "Origin": server.origin,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        web.request("POST", f"/tickets/{ticket.pk}/note/", body, headers)
        assert web.getresponse().status == 302
        for client in (one, two):
            assert client.until("message")["ticket"] == ticket.pk


def leave(user, ticket, accounts):
    ticket.move(None, accounts)


def deactivate(user, ticket, accounts):
    user.is_active = False
    user.save()


def log_out(user, ticket, accounts):
    Session.objects.all().delete()


def change_password(user, ticket, accounts):
    user.set_password("another-password")
    user.save()


@pytest.mark.parametrize(
    ("lose", "code"), [(leave, 4404), (deactivate, 4401), (log_out, 4401), (change_password, 4401)]
)
def test_who_loses_the_right_to_a_socket_is_put_out_within_seconds(page, ticket, alice, carol, accounts, lose, code):
    with page() as client:
        client.until("presence")
        lose(alice, ticket, accounts)
        assert client.close_code() == code


def test_a_client_that_does_not_read_is_dropped_and_what_waited_for_it_too(page, ticket, alice):
    draft = Draft.objects.create(ticket=ticket, author=alice, model="m", state="done", text="x" * 100_000)
    with page() as stuck:
        stuck.until("draft.latest")
        for _ in range(400):
            stuck.send("draft.resume", draft=str(draft.pk))
        dropped = select.poll()
        dropped.register(stuck.socket.socket, 0)  # hears of nothing but the end
        assert dropped.poll(PATIENCE * 1000)
    with page() as other:
        other.send("ping")
        other.until("pong")
