"""Frames of drafts for pages that other processes serve, over a shared channel layer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tickets.background import BackgroundTask
from tickets.layer import tell_group
from tickets.live import group_of, layer_is_shared

if TYPE_CHECKING:
    from assistant.drafts.running import Running

TICK = 0.025  # seconds for which frames gather


class Sharing:
    """Gathers what is told and sends it on every TICK, in order; does nothing where the layer is in memory.

    A layer may drop messages and a page may join late, so every save sends a snapshot too: readers there drop what
    does not follow and go on from the next snapshot.
    """

    def __init__(self) -> None:
        self.origin = uuid4().hex
        self._waiting: dict[int, list[dict[str, Any]]] = {}
        self._task = BackgroundTask(self._publish)

    def tell(self, running: Running, frame: str) -> None:
        if not layer_is_shared():
            return
        self._waiting.setdefault(running.ticket_id, []).append({"author": running.author_id, "frame": frame})
        self._task.begin()

    async def _publish(self) -> None:
        while self._waiting:
            await asyncio.sleep(TICK)
            waiting, self._waiting = self._waiting, {}
            for ticket_id, frames in waiting.items():
                message = {"type": "ticket.drafts", "origin": self.origin, "frames": frames}
                if not await tell_group(group_of(ticket_id), message):
                    break  # nor would the others arrive
