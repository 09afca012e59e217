"""The channel layer, whose broker may be gone for a while: news waits for nobody then, and work goes on without it.

Pages make up for news they missed: they fetch anew when their socket has the layer again, and follow drafts in the
database meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from channels.exceptions import ChannelFull, StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.utils import await_many_dispatch
from redis.exceptions import RedisError

from tickets.background import BackgroundTask
from tickets.sockets import Receive, Scope, Send

logger = logging.getLogger(__name__)

GONE = (OSError, RedisError)  # TimeoutError is an OSError
PATIENCE = 2.0  # seconds in which the broker takes a message
RETRY = 1.0  # seconds between two tries to reach it again
DAY = 86_400.0  # seconds


class _Outage:
    """Told once when it begins and once when it ends, however many messages are lost between."""

    def __init__(self) -> None:
        self._on = False

    def begin(self, error: Exception) -> None:
        if not self._on:
            logger.warning("The channel layer is gone, pages hear of changes late: %r", error)
        self._on = True

    def end(self) -> None:
        if self._on:
            logger.warning("The channel layer is back.")
        self._on = False


_outage = _Outage()


async def told(message: Awaitable[Any]) -> bool:
    """Whether the layer took what is awaited here: a message, a place in a group. A full channel loses it too."""
    try:
        async with asyncio.timeout(PATIENCE):
            await message
    except ChannelFull:
        return False
    except GONE as error:
        _outage.begin(error)
        return False
    _outage.end()
    return True


def renewal() -> float:
    """Seconds after which a place in a group is taken again: a layer drops those that are older than its expiry, a
    day, however alive who listens there is."""
    return float(getattr(get_channel_layer(), "group_expiry", DAY)) / 4


def forget(channel: str) -> None:
    """Nobody reads it any more: channels_redis 4.3 keeps a queue for each reader that it was cancelled under."""
    getattr(get_channel_layer(), "receive_buffer", {}).pop(channel, None)


async def tell_group(group: str, message: dict[str, Any]) -> bool:
    return await told(get_channel_layer().group_send(group, message))


class LayeredSocket(AsyncWebsocketConsumer):
    """A websocket in one group of the layer, which lives on while the layer's broker is gone.

    `parted` is awaited once it is over, however it ended: cut off by an error too.
    """

    group = ""  # set before `enter_group`
    entered = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.base_send = scope, send
        self.channel_layer = get_channel_layer()
        self.channel_name = await self.channel_layer.new_channel()
        try:
            await await_many_dispatch([receive, self._next_news], self.dispatch)
        except StopConsumer:
            pass
        finally:
            _places.discard(self)
            await self.parted()
            forget(self.channel_name)

    async def enter_group(self) -> None:
        """Hear what the group is told, at once or as soon as the layer is there."""
        _places.add(self)
        if not await self.take_place():
            _places.mend()

    async def take_place(self) -> bool:
        self.entered = await told(self.channel_layer.group_add(self.group, self.channel_name))
        return self.entered

    async def leave_group(self) -> None:
        """Also where the place seems lost: a broker that was only out of reach still has it, for a day."""
        await told(self.channel_layer.group_discard(self.group, self.channel_name))

    async def returned(self) -> None:
        """The layer is there again, and this socket in its group; what was told meanwhile is lost."""

    async def parted(self) -> None:
        """The socket is over."""

    async def _next_news(self) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = await self.channel_layer.receive(self.channel_name)
                return message
            except GONE as error:
                _outage.begin(error)
                _places.lose()
            await asyncio.sleep(RETRY)


class _Places:
    """The places of this process's sockets in their groups. One socket alone hears that the broker was gone, and all
    places may be lost with it: a broker that starts anew knows of none."""

    def __init__(self) -> None:
        self.open: set[LayeredSocket] = set()
        self._mending = BackgroundTask(self._mend)
        self._renewing = BackgroundTask(self._renew)

    def add(self, socket: LayeredSocket) -> None:
        self.open.add(socket)
        self._renewing.begin()

    def discard(self, socket: LayeredSocket) -> None:
        self.open.discard(socket)
        if not self.open:
            self._renewing.cancel()

    def lose(self) -> None:
        for socket in self.open:
            socket.entered = False
        self.mend()

    def mend(self) -> None:
        self._mending.begin()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(renewal())
            for socket in [socket for socket in self.open if socket.entered]:
                if not await socket.take_place():  # nor would the others
                    self.mend()
                    break
                if socket not in self.open:
                    await socket.leave_group()

    async def _mend(self) -> None:
        while lost := next((socket for socket in self.open if not socket.entered), None):
            if not await lost.take_place():
                await asyncio.sleep(RETRY)
            elif lost not in self.open:  # it was closed meanwhile, before it had a place to leave
                await lost.leave_group()
            else:
                try:
                    await lost.returned()
                except Exception:
                    logger.exception("A page could not be told what it missed")


_places = _Places()
