from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assistant.simulator import SimulatedRelay
from tests.assistant.sockets import Server, log_in, open_socket


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def relay():
    with SimulatedRelay(seed=1) as relay:
        yield relay


@pytest.fixture(scope="module")
def module_server(django_db_setup, django_db_blocker, relay):
    with django_db_blocker.unblock():
        server = Server(relay.base_url).start()
    yield server
    server.kill()


@pytest.fixture
def server(module_server, relay):
    """The server of the module, with a relay that has no faults, waits for nobody and is set as it came."""
    relay.release()
    relay.set(token_ms=0, ttft_ms=0, faults={})
    yield module_server
    relay.release()


@pytest.fixture
def page(server, ticket, alice):
    """Opens sockets of the ticket as alice, or as somebody else: `with page() as client`."""

    def open_page(user=alice, of=None, on=server, **options):
        target = of or ticket
        return open_socket(on, f"/ws/tickets/{target.pk}/", log_in(user), **options)

    return open_page
