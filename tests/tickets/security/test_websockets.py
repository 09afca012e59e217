"""Websockets: no page of another site opens one, and who loses a right loses the socket."""

from __future__ import annotations

import http.client
import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.utils import timezone

from assistant.triage import runs
from tests.assistant.sockets import Server, log_in, open_socket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)

WRONG = [
    "http://evil.example",
    "null",
    None,
    "",
    "http://localhost:1",
    "http://localhost",
    "https://localhost:{port}",
    "ws://localhost:{port}",
    "localhost:{port}",
    "http://localhost:{port}.evil.example",
    "http://localhost.evil.example:{port}",
    "http://evil-localhost:{port}",
    "http://a.localhost:{port}",
    "http://localhost.:{port}",
    "http://localhost:{port}@evil.example",
    "http://evil.example@localhost:{port}",
    "http://evil.example#localhost:{port}",
    "http://evil.example/http://localhost:{port}",
    "http://localhost:{port}/evil",
    "http://localhost:{port} http://evil.example",
    "HTTP://EVIL.EXAMPLE:{port}",
    "http://xn--lcalhost-rjb:{port}",
    "http://loc\u0430lhost:{port}",  # a Cyrillic a
    "http://[::1]:{port}",
    "http://127.0.0.1:{port}",
    "file://",
    "chrome-extension://abcdefghijklmnop",
]


@pytest.fixture
def server(transactional_db):
    server = Server("http://127.0.0.1:9/v1").start()
    yield server
    server.kill()


def handshake(server: Server, path: str, cookie: str, origin: str | None) -> int:
    """The status of the answer to a handshake with these very headers; 101 is an open socket."""
    web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    web.putrequest("GET", path, skip_host=True)
    headers = {
        "Host": f"localhost:{server.port}", "Cookie": cookie, "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==", "Sec-WebSocket-Version": "13",
    }  # fmt: skip
    for name, value in headers.items():
        web.putheader(name, value)
    if origin is not None:
        web.putheader("Origin", origin.format(port=server.port).encode())
    web.endheaders()
    try:
        return web.getresponse().status
    finally:
        web.close()


def test_no_page_of_another_site_opens_a_socket_with_an_admin_s_cookie(server, carol, ticket):
    run = runs.create_run(Ticket.objects.all(), user=carol)
    cookie = log_in(carol)
    for path in (f"/ws/tickets/{ticket.pk}/", f"/ws/triage-runs/{run.pk}/", "/ws/inbox/"):
        opened = [origin for origin in WRONG if handshake(server, path, cookie, origin) not in (400, 403)]
        assert opened == [], path
        assert handshake(server, path, cookie, "http://localhost:{port}") == 101, path


def log_out(user):
    Session.objects.all().delete()


def deactivate(user):
    user.is_active = False
    user.save()


def change_password(user):
    user.set_password("another-password")
    user.save()


def test_an_inbox_is_closed_for_strangers_and_for_who_logs_out_is_deactivated_or_has_a_new_password(server, alice):
    with open_socket(server, "/ws/inbox/") as client:
        assert client.close_code() == 4401
    for lose in (log_out, change_password, deactivate):
        with open_socket(server, "/ws/inbox/", log_in(alice)) as client:
            client.send("ping")
            client.until("pong")
            lose(alice)
            assert client.close_code() == 4401, lose.__name__


def test_who_leaves_a_team_hears_no_more_of_its_tickets(server, alice, support, erin):
    hers = Ticket.objects.open(erin, "Of Support", team=support)
    everybody_s = Ticket.objects.open(erin, "Of nobody")
    Ticket.objects.update(updated=timezone.now() - timedelta(hours=1))
    with open_socket(server, "/ws/inbox/", log_in(alice)) as client:
        both = [hers.pk, everybody_s.pk]
        assert told_of_changes(client, both, until=both) == both
        support.members.remove(alice)
        assert told_of_changes(client, both, until=both[1:]) == both[1:]


def told_of_changes(client, both: list[int], *, until: list[int]) -> list[int]:
    """What is told last while both tickets change again and again; ends early once it is `until`."""
    told: list[int] = []
    for _round in range(20):
        Ticket.objects.filter(pk__in=both).update(version=F("version") + 1, updated=timezone.now())
        try:
            frame = json.loads(client.socket.recv(timeout=2))
        except TimeoutError:  # it changed before the server had its first look
            continue
        told = frame.get("tickets", told) if frame["type"] == "inbox.changed" else told
        if told == until:
            break
    return told
