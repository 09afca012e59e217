"""Celery as the engine, a worker and beat on a real broker, instead of `manage.py worker`."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest
from django.conf import settings

from tests.assistant.sockets import KEY, database_url
from tests.stack import Process, environ
from tests.test_compose import command
from tests.tickets.webhooks.receivers import receiving
from tests.waiting import until
from tickets.models import Ticket, Webhook, WebhookDelivery

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]
PATIENCE = 120.0


@pytest.fixture
def celery(transactional_db, tmp_path):
    """A worker and beat, by the commands of compose.yaml."""
    own = {
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "RELAY_ALLOW_PRIVATE": "1",
    }
    env = environ(**own, SECRET_KEY=settings.SECRET_KEY, RELAY_API_KEY=KEY, MEDIA_ROOT=str(tmp_path))
    with ExitStack() as stack:
        for words in (command("celery"), command("beat", **{"/tmp/beat": str(tmp_path / "beat")})):
            process = Process(*words, env=env)
            stack.callback(process.wait)
            stack.callback(process.end)
        yield


def states() -> dict[str, str]:
    return dict(WebhookDelivery.objects.values_list("webhook__name", "state"))


def test_a_worker_and_beat_send_what_is_due_and_nobody_waits_for_a_receiver_that_hangs(celery, carol, erin):
    with receiving() as hung, receiving() as well:
        hung.hold = threading.Event()
        hooks = {
            name: Webhook.objects.make(carol, name=name, url=receiver.url, events=["ticket.created"])
            for name, receiver in (("hung", hung), ("well", well))
        }
        Ticket.objects.open(erin, "Where is it?", subject="Where is it?")
        assert hung.holding.wait(PATIENCE)
        until(lambda: states() == {"hung": "sending", "well": "delivered"})
        hung.hold.set()
        until(lambda: states() == {"hung": "delivered", "well": "delivered"})
        for name, receiver in (("hung", hung), ("well", well)):
            (message,) = receiver.messages
            assert message.verified(hooks[name].secret)["data"]["subject"] == "Where is it?"


def test_a_message_that_was_refused_is_sent_again_under_the_same_id(celery, carol, erin):
    with receiving() as receiver:
        receiver.answers("503 Service Unavailable")
        webhook = Webhook.objects.make(carol, name="Shop", url=receiver.url, events=["ticket.created"])
        Ticket.objects.open(erin, "Where is it?")
        until(lambda: receiver.messages)
        receiver.answers("204 No Content")
        until(lambda: states() == {"Shop": "delivered"})
        assert len({message.id for message in receiver.messages}) == 1 < len(receiver.messages)
        assert receiver.messages[-1].verified(webhook.secret)["type"] == "ticket.created"
