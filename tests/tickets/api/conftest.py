"""Programs with tokens."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from assistant.simulator import SimulatedRelay
from tests.assistant.sockets import Server
from tickets.models import ApiToken
from tickets.models.api_token import Scope


@pytest.fixture(autouse=True)
def _no_limits(settings):
    settings.API_LIMITS = {"user": (10**6, 60), "token": (10**6, 60), "address": (10**6, 60)}
    cache.clear()


def program(user, *scopes: str) -> APIClient:
    """A client with a token of `user`'s; all scopes unless some are named."""
    _token, text = ApiToken.issue(user, "test", scopes or tuple(Scope))
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    return client


@pytest.fixture
def api(alice) -> APIClient:
    """Alice's program."""
    return program(alice)


@pytest.fixture(scope="session")
def far_relay():
    with SimulatedRelay(seed=1) as relay:
        yield relay


@pytest.fixture(scope="session")
def whole_server(django_db_setup, django_db_blocker, far_relay, media_root):
    """The server as in production, its loop and its relay too, on the tests' own rows."""
    with django_db_blocker.unblock():
        server = Server(
            far_relay.base_url, DJANGO_SETTINGS_MODULE="tests.tickets.api.unlimited", MEDIA_ROOT=str(media_root)
        ).start()
    yield server
    server.kill()
