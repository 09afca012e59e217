"""Following a draft without a websocket: an async iterator over its frames, whichever process drives it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from assistant.drafts import frames, lifecycle
from assistant.drafts.elsewhere import elsewhere
from assistant.drafts.streams import hub
from assistant.models import Draft
from tickets.sockets import UNREAD_LIMIT, in_thread

ENDS = ("draft.done", "draft.failed")


class TooSlow(Exception):
    """The reader left more than UNREAD_LIMIT bytes unread."""


class Event(NamedTuple):
    """`type` and `frame` are those of the websocket; `seq` is the number of the last delta in it, for Last-Event-ID.
    `text` is new with draft.delta, all so far with every other type."""

    seq: int
    text: str
    type: str
    frame: str


class Follower:
    """Frames on their way to one reader, bounded. `after_seq` is the last delta that the reader has."""

    def __init__(self, after_seq: int = 0) -> None:
        self.seq = after_seq
        self._frames: deque[str] = deque()
        self._unread = 0
        self._closed = False
        self._arrived = asyncio.Event()

    def put(self, frame: str) -> None:
        self._unread += len(frame.encode())
        self._frames.append(frame)
        if self._unread > UNREAD_LIMIT:
            self._frames.clear()
        self._arrived.set()

    take_frame = put

    def close(self) -> None:
        """The reader gets nothing more."""
        self._closed = True
        self._arrived.set()

    async def arrived(self, patience: float | None = None) -> list[Event] | None:
        """What has come since; [] when nothing did for `patience` seconds, None when closed. Raises TooSlow."""
        try:
            async with asyncio.timeout(patience):
                await self._arrived.wait()
        except TimeoutError:
            return []
        self._arrived.clear()
        if self._closed:
            return None
        if self._unread > UNREAD_LIMIT:
            raise TooSlow
        frames, self._unread = list(self._frames), 0
        self._frames.clear()
        return [event for frame in frames if (event := self._event(frame)) is not None]

    def _event(self, frame: str) -> Event | None:
        """None for a snapshot that brings nothing new."""
        data = json.loads(frame)
        type, text = data["type"], data.get("text", "")
        if type == "draft.snapshot" and data["seq"] <= self.seq:
            return None
        self.seq = data.get("seq", self.seq)
        return Event(self.seq, text, type, frame)


async def follow(
    draft_id: UUID, follower: Follower, patience: float | None = None
) -> AsyncGenerator[list[Event], None]:
    """What comes of a draft that the caller has looked up for its reader, all that is there at a time: a snapshot
    unless `follower` is up to date, then deltas (further snapshots where another process drives it), and at last
    draft.done or draft.failed. An empty list after each `patience` seconds without any.

    Nothing for a draft that does not exist, nothing more once the follower is closed. Raises TooSlow.
    """
    try:
        if not hub.listen(follower, draft_id):
            await _from_database(follower, draft_id)
        while (events := await follower.arrived(patience)) is not None:
            if events or patience is not None:
                yield events
            if events and events[-1].type in ENDS:
                return
    finally:
        hub.stop_listening(follower)
        elsewhere.forget(follower)


async def _from_database(follower: Follower, draft_id: UUID) -> None:
    draft = next(iter(await in_thread(lifecycle.find_all)([draft_id], timezone.now())), None)
    if hub.listen(follower, draft_id):  # began here while the database was asked
        return
    if draft is None:
        follower.close()
    elif draft.state == Draft.State.STREAMING:
        follower.put(frames.snapshot(draft.pk, draft.seq, draft.text))
        elsewhere.watch(follower, draft.pk)
    else:
        follower.seq = draft.seq
        follower.put(frames.ended(draft))
