"""Who has which ticket open, in whichever web process: what the rows of the inbox say.

Where the channel layer is shared, each process with open ticket pages tells the others of them: at once when somebody
comes or goes, and again every RENEW_SECONDS for those who joined late. What is not renewed is forgotten, so that a
process that was killed leaves nobody behind. Where channels live in memory each process knows of itself alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from tickets.background import BackgroundTask
from tickets.layer import forget, renewal, told
from tickets.live import layer_is_shared
from tickets.supervision import supervisor

logger = logging.getLogger(__name__)

GROUP = "presence"
LOOK_SECONDS = 1.0
RENEW_SECONDS = 3.0
FORGET_SECONDS = 10.0

People = dict[int, dict[int, str]]  # ticket -> user -> name


@dataclass(frozen=True)
class Report:
    """What another process said last, and when it was heard (monotonic seconds)."""

    people: People
    heard: float


class Presence:
    """Lives on the process's event loop."""

    def __init__(self) -> None:
        self._origin = uuid4().hex
        self._reports: dict[str, Report] = {}
        self._telling = BackgroundTask(self._tell)
        self._hearing = BackgroundTask(self._hear)

    def people(self, now: float) -> People:
        """Everybody who has a ticket open, here and elsewhere; `now` in monotonic seconds."""
        self._reports = {key: said for key, said in self._reports.items() if now - said.heard < FORGET_SECONDS}
        found = supervisor.people()
        for report in self._reports.values():
            for ticket_id, people in report.people.items():
                found[ticket_id] = people | found.get(ticket_id, {})
        return found

    def tell(self) -> None:
        """A ticket page has opened here: tell the others, until the last one is closed."""
        if layer_is_shared():
            self._telling.begin()

    def listen(self) -> None:
        """Inboxes are open here: hear what the others tell, until `deafen`."""
        if layer_is_shared():
            self._hearing.begin()

    def deafen(self) -> None:
        self._hearing.cancel()
        self._reports = {}

    async def _tell(self) -> None:
        said: People | None = None
        renew = 0.0
        while said != {} or supervisor.people():
            people = supervisor.people()
            if (people != said or time.monotonic() >= renew) and await self._say(people):
                said, renew = people, time.monotonic() + RENEW_SECONDS
            await asyncio.sleep(LOOK_SECONDS)

    async def _say(self, people: People) -> bool:
        rows = [[ticket_id, *person] for ticket_id, named in people.items() for person in named.items()]
        message = {"type": "presence", "origin": self._origin, "people": rows}
        try:
            await get_channel_layer().group_send(GROUP, message)
        except (OSError, RedisError):
            logger.warning("Other processes could not be told who has which ticket open.", exc_info=True)
            return False
        return True

    async def _hear(self) -> None:
        layer, me = get_channel_layer(), asyncio.current_task()
        channel = await layer.new_channel()  # of the sockets' prefix: the layer waits for one at a time
        keeping = asyncio.create_task(self._keep_place(channel))
        try:
            while self._hearing.task is me:  # the layer may swallow the cancellation: then the next message ends it
                try:
                    await layer.group_add(GROUP, channel)
                    while self._hearing.task is me:
                        self._take(await layer.receive(channel), time.monotonic())
                except (OSError, RedisError):
                    logger.warning("What others tell of open tickets is not heard; trying again.", exc_info=True)
                    await asyncio.sleep(LOOK_SECONDS)
        finally:  # else the layer would go on to keep what is told, for nobody
            keeping.cancel()
            await told(layer.group_discard(GROUP, channel))
            forget(channel)

    async def _keep_place(self, channel: str) -> None:
        while True:
            await asyncio.sleep(renewal())
            await told(get_channel_layer().group_add(GROUP, channel))

    def _take(self, said: dict[str, Any], now: float) -> None:
        if said["origin"] == self._origin:
            return
        people: People = {}
        for ticket_id, user_id, name in said["people"]:
            people.setdefault(ticket_id, {})[user_id] = name
        self._reports[said["origin"]] = Report(people, now)


presence = Presence()
