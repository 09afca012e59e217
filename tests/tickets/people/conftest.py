from __future__ import annotations

import pytest
from django.test import Client


@pytest.fixture
def make_client():
    """The browser of somebody who is logged in."""

    def make(person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return make
