"""A relay, programs, and server-sent events read off the wire."""

from __future__ import annotations

import contextlib
import http.client
import json

import pytest
from django.core.cache import cache

from assistant.simulator import SimulatedRelay
from tests.assistant.drafts.conftest import module_server, relay, server  # noqa: F401  (fixtures)
from tests.tickets.api.conftest import program
from tickets.models import ApiToken

PATIENCE = 90


@pytest.fixture(autouse=True)
def _no_limits(settings):
    settings.API_LIMITS = {"user": (10**6, 60), "token": (10**6, 60), "address": (10**6, 60)}
    cache.clear()


@pytest.fixture
def near_relay(settings):
    """A relay for what is called in the test's own process."""
    with SimulatedRelay(seed=1) as near:
        settings.RELAY_BASE_URL = near.base_url
        settings.RELAY_RPM = 100_000
        yield near


@pytest.fixture
def admin(carol):
    return program(carol)


@pytest.fixture
def agent(alice):
    return program(alice)


class Events:
    """The events of one answer, as dicts of id, event and data (parsed, but for [DONE])."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response

    def __iter__(self):
        event: dict = {}
        while line := self._response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "data":
                event["data"] = json.loads(value) if value != "[DONE]" else value
            elif name in {"id", "event"}:
                event[name] = value
            elif not name and not value and event:
                yield event
                event = {}

    @property
    def json(self):
        return json.loads(self._response.read())


class Caller:
    """A program that speaks to the server with a token."""

    def __init__(self, port: int, user) -> None:
        self._port = port
        self.token, text = ApiToken.issue(user, "streams")
        self._headers = {"Authorization": f"Token {text}", "Content-Type": "application/json"}

    @contextlib.contextmanager
    def open(self, method: str, path: str, body=None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        sent = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        with contextlib.closing(connection):
            connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), sent)
            yield Events(connection.getresponse())

    def ask(self, method: str, path: str, body=None):
        with self.open(method, path, body) as answer:
            return answer.json


@pytest.fixture
def caller(server, alice):  # noqa: F811
    return Caller(server.port, alice)
