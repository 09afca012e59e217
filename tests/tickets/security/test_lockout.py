"""Guessing passwords behind a proxy: counted by the visitor's address and not by the proxy's."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.assistant.sockets import Server

PASSWORD = "a-long-walk-7"


@pytest.fixture
def server(transactional_db):
    server = Server("http://127.0.0.1:9/v1", DEBUG="1").start("--proxy-headers")  # pages without collected files
    yield server
    server.kill()


@pytest.fixture
def account(alice):
    """With a password that the server's own settings can check, and quickly."""
    alice.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)
    alice.save()
    return alice


def log_in(server: Server, password: str, visitor: str) -> int:
    """The status of the answer: 302 once logged in, 200 with the form anew, 429 for who is locked out."""
    token = "a" * 32
    web = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    body = urlencode({"username": "alice", "password": password, "csrfmiddlewaretoken": token})
    headers = {
        "Cookie": f"csrftoken={token}", "Origin": server.origin, "X-Forwarded-For": visitor,
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    web.request("POST", "/accounts/login/", body, headers)
    try:
        return web.getresponse().status
    finally:
        web.close()


@pytest.mark.parametrize("weak", ["short-one", "9283746510", "password1234", "alice.example"])
def test_weak_passwords_are_refused_with_the_reason(weak):
    person = User(username="alice.example", email="alice@example.com")
    with pytest.raises(ValidationError, match=r"too short|numeric|too common|too similar"):
        validate_password(weak, person)
    validate_password("a-long-walk-7", person)


@pytest.mark.django_db(transaction=True)
def test_who_guesses_is_locked_out_and_the_owner_of_the_account_is_not(server, account):
    for _try in range(settings.AXES_FAILURE_LIMIT):
        log_in(server, "wrong", "203.0.113.7")
    assert log_in(server, PASSWORD, "203.0.113.7") == 429
    assert log_in(server, PASSWORD, "198.51.100.9") == 302
