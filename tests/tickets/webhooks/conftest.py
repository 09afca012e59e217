from __future__ import annotations

import pytest
from django.utils import timezone

from tests.tickets.webhooks.receivers import receiving
from tickets.models import Webhook, WebhookEvent
from tickets.webhooks import wishes


@pytest.fixture(autouse=True)
def _own_network(settings, monkeypatch):
    """The receivers are on this machine; who wants what is not asked anew while queries are counted."""
    settings.RELAY_ALLOW_PRIVATE = True
    monkeypatch.setattr(wishes, "KNOWN_FOR", 3600)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def webhook(carol, receiver) -> Webhook:
    """One that wants to hear of everything."""
    return Webhook.objects.make(carol, name="Shop", url=receiver.url, events=WebhookEvent.values)


@pytest.fixture
def now():
    return timezone.now()
