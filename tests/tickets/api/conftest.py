"""Programs with tokens."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

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
