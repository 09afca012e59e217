"""Following a draft without a websocket: an async iterator over its frames, whichever process drives it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
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


async def follow(draft_id: UUID, after_seq: int = 0) -> AsyncIterator[Event]:
    """What comes of a draft that the caller has looked up for its reader: a snapshot unless `after_seq` is up to
    date, then deltas (further snapshots where another process drives it), and at last draft.done or draft.failed.

    Nothing for a draft that does not exist. Raises TooSlow.
    """
    listener = _Listener(after_seq)
    try:
        if not hub.listen(listener, draft_id):
            await _from_database(listener, draft_id)
        async for event in listener.events():
            yield event
    finally:
        hub.stop_listening(listener)
        elsewhere.forget(listener)


async def _from_database(listener: _Listener, draft_id: UUID) -> None:
    draft = next(iter(await in_thread(lifecycle.find_all)([draft_id], timezone.now())), None)
    if hub.listen(listener, draft_id):  # began here while the database was asked
        return
    if draft is None:
        listener.close()
    elif draft.state == Draft.State.STREAMING:
        listener.put(frames.snapshot(draft.pk, draft.seq, draft.text))
        elsewhere.watch(listener, draft.pk)
    else:
        listener.seq = draft.seq
        listener.put(frames.ended(draft))


class _Listener:
    """Frames on their way to one reader, bounded."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
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
        self._closed = True
        self._arrived.set()

    async def events(self) -> AsyncIterator[Event]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._unread > UNREAD_LIMIT:
                raise TooSlow
            while self._frames:
                frame = self._frames.popleft()
                self._unread -= len(frame.encode())
                event = self._event(frame)
                if event is not None:
                    yield event
                    if event.type in ENDS:
                        return
            if self._closed:
                return

    def _event(self, frame: str) -> Event | None:
        """None for a snapshot that brings nothing new."""
        data = json.loads(frame)
        type, text = data["type"], data.get("text", "")
        if type == "draft.snapshot" and data["seq"] <= self.seq:
            return None
        self.seq = data.get("seq", self.seq)
        return Event(self.seq, text, type, frame)
