"""Who has a ticket open, as the inboxes of other web processes show it over a shared channel layer."""

from __future__ import annotations

import asyncio
import time

import pytest
from django.conf import settings
from redis import Redis

from tests.assistant.sockets import PATIENCE, Server, log_in, open_socket
from tickets.presence import GROUP, Presence

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not settings.REDIS_URL, reason="needs REDIS_URL"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def servers():
    started = [Server("http://127.0.0.1:9/v1", REDIS_URL=settings.REDIS_URL).start() for _ in range(2)]
    yield started
    for server in started:
        server.kill()


def test_somebody_in_a_ticket_is_named_in_the_inbox_that_another_server_serves(servers, alice, carol, ticket):
    near, far = servers
    with open_socket(near, "/ws/inbox/", log_in(alice)) as inbox:
        with open_socket(far, f"/ws/tickets/{ticket.pk}/", log_in(carol)):
            assert inbox.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}
            with open_socket(near, "/ws/inbox/", log_in(alice)) as later:
                assert later.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}
        assert inbox.until("inbox.presence")["tickets"] == {}


def test_an_inbox_opened_later_learns_who_is_there(servers, alice, carol, ticket):
    near, far = servers
    with open_socket(far, f"/ws/tickets/{ticket.pk}/", log_in(carol)) as page:
        page.until("presence")
        with open_socket(near, "/ws/inbox/", log_in(alice)) as inbox:
            assert inbox.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}


def test_a_server_that_is_killed_leaves_nobody_behind(servers, alice, carol, ticket):
    near, far = servers
    with (
        open_socket(near, "/ws/inbox/", log_in(alice)) as inbox,
        open_socket(far, f"/ws/tickets/{ticket.pk}/", log_in(carol)),
    ):
        assert inbox.until("inbox.presence")["tickets"] == {str(ticket.pk): ["Carol"]}
        far.kill()
        assert inbox.until("inbox.presence")["tickets"] == {}


def test_a_server_whose_inboxes_are_all_closed_keeps_no_place_at_which_it_is_told(settings):
    """Redis would go on to tell it for a day, and it would keep a hundred messages for each visit of the inbox."""
    prefix = f"places-{time.time_ns()}"
    config = {"hosts": [settings.REDIS_URL], "prefix": prefix}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": config}}

    async def visits() -> None:
        here, elsewhere = Presence(), Presence()
        with Redis.from_url(settings.REDIS_URL) as redis:

            async def until_places_are(count: int) -> None:
                deadline = time.monotonic() + PATIENCE
                while redis.zcard(f"{prefix}:group:{GROUP}") != count:
                    assert time.monotonic() < deadline
                    await elsewhere._say({})
                    await asyncio.sleep(0.01)

            for _visit in range(3):
                here.listen()
                await until_places_are(1)
                here.deafen()
                await until_places_are(0)

    asyncio.run(visits())
