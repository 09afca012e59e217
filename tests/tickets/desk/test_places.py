"""The places of sockets in their groups, over a layer that takes its time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from tests.waiting import in_loop
from tickets import layer, presence
from tickets.layer import LayeredSocket
from tickets.presence import GROUP, Presence


class SlowLayer(InMemoryChannelLayer):
    """Gives out no place before `ready` is set. `asked` is who wanted one last, `given` how many each was given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ready = asyncio.Event()
        self.asked = ""
        self.given = Counter[str]()

    async def group_add(self, group: str, channel: str) -> None:
        self.asked = channel
        await self.ready.wait()
        await super().group_add(group, channel)
        self.given[channel] += 1


class Socket(LayeredSocket):
    group = "room"

    async def dispatch(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.connect":
            await self.enter_group()
        else:
            await super().dispatch(message)

    async def parted(self) -> None:
        await self.leave_group()


async def nowhere(message: dict[str, Any]) -> None:
    pass


async def opened() -> tuple[Socket, asyncio.Task[None]]:
    """A socket in its group, and what serves it."""
    socket, given = Socket(), asyncio.Queue()
    served = asyncio.create_task(socket({"type": "websocket"}, given.get, nowhere))
    given.put_nowait({"type": "websocket.connect"})
    await in_loop(lambda: socket.entered)
    return socket, served


async def close(served: asyncio.Task[None]) -> None:
    served.cancel()
    await asyncio.wait([served])


@pytest.fixture
def forgetful(settings):
    """A layer that drops places after 40 ms; others do so after a day."""
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.SlowLayer", "CONFIG": {"group_expiry": 0.04}}}


def test_sockets_that_stay_open_take_their_places_anew_before_the_layer_drops_them(forgetful):
    async def visit() -> None:
        slow = get_channel_layer()
        slow.ready.set()
        pages = [await opened() for _ in range(2)]
        await in_loop(lambda: all(slow.given[socket.channel_name] > 3 for socket, _ in pages))
        for _, served in pages:
            await close(served)
        assert "room" not in slow.groups
        assert layer._places._renewing.task is None

    asyncio.run(visit())


def test_a_socket_that_is_closed_while_it_takes_its_place_anew_keeps_none(forgetful):
    async def visit() -> None:
        slow = get_channel_layer()
        slow.ready.set()
        pages = {socket.channel_name: served for socket, served in [await opened(), await opened()]}
        slow.ready.clear()
        slow.asked = ""
        await in_loop(lambda: slow.asked)
        left = slow.asked
        await close(pages.pop(left))
        slow.ready.set()
        (other,) = pages
        seen = slow.given[other]
        await in_loop(lambda: slow.given[other] > seen)
        await in_loop(lambda: left not in slow.groups["room"])
        await close(pages[other])
        assert "room" not in slow.groups

    asyncio.run(visit())


def test_a_process_that_hears_who_is_there_takes_its_place_anew_before_the_layer_drops_it(forgetful, monkeypatch):
    monkeypatch.setattr(presence, "layer_is_shared", lambda: True)

    async def hear() -> None:
        slow, here = get_channel_layer(), Presence()
        slow.ready.set()
        here.listen()
        await in_loop(lambda: slow.given.total() > 3)
        assert len(slow.given) == 1 and set(slow.groups) == {GROUP}
        hearing = here._hearing.task
        here.deafen()
        await asyncio.wait([hearing])
        assert not slow.groups
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(hear())


@pytest.mark.parametrize("forgotten", [True, False], ids=["the broker began anew", "it was only out of reach"])
def test_a_socket_that_is_closed_before_its_place_is_mended_keeps_none(settings, forgotten):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.SlowLayer"}}

    async def visit() -> None:
        slow, given = get_channel_layer(), asyncio.Queue()
        slow.ready.set()
        socket = Socket()
        served = asyncio.create_task(socket({"type": "websocket"}, given.get, nowhere))
        given.put_nowait({"type": "websocket.connect"})
        while "room" not in slow.groups:
            await asyncio.sleep(0)
        if forgotten:
            await slow.group_discard("room", socket.channel_name)
        slow.ready.clear()
        layer._places.lose()
        await asyncio.sleep(0)
        served.cancel()
        await asyncio.wait([served])
        slow.ready.set()
        await layer._places._mending.task
        assert "room" not in slow.groups

    asyncio.run(visit())


@pytest.mark.services
@pytest.mark.skipif(not settings.REDIS_URL, reason="needs REDIS_URL")
def test_sockets_that_have_come_and_gone_take_no_memory_in_the_layer(settings):
    config = {"hosts": [settings.REDIS_URL], "prefix": f"places-{time.time_ns()}"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": config}}

    async def visits() -> None:
        for _visit in range(3):
            socket, given = Socket(), asyncio.Queue()
            served = asyncio.create_task(socket({"type": "websocket"}, given.get, nowhere))
            given.put_nowait({"type": "websocket.connect"})
            while not socket.entered:
                await asyncio.sleep(0.01)
            served.cancel()
            await asyncio.wait([served])
        assert not get_channel_layer().receive_buffer

    asyncio.run(visits())
