"""Drafts that another process drives, followed in the database: one query a second for all that is watched here.

Where the channel layer is shared their frames come sooner through it; then this only makes up for what a layer drops.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.drafts import frames, lifecycle
from assistant.models import Draft
from tickets.background import BackgroundTask
from tickets.sockets import in_thread

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Watcher(Protocol):
    """Who watches; drops snapshots that bring nothing new."""

    def take_frame(self, frame: str) -> None: ...


class Elsewhere:
    """Lives on the process's event loop."""

    def __init__(self) -> None:
        self._watched: dict[UUID, set[Watcher]] = {}
        self._task = BackgroundTask(self._look)

    def watch(self, watcher: Watcher, draft_id: UUID) -> None:
        """Snapshots from now on as the text grows, and at last the frame that ends the draft."""
        self._watched.setdefault(draft_id, set()).add(watcher)
        self._task.begin()

    def forget(self, watcher: Watcher) -> None:
        for draft_id in [draft_id for draft_id, watchers in self._watched.items() if watcher in watchers]:
            self._watched[draft_id].discard(watcher)
            if not self._watched[draft_id]:
                del self._watched[draft_id]

    async def _look(self) -> None:
        while self._watched:
            await asyncio.sleep(LOOK_SECONDS)
            asked = list(self._watched)
            try:
                found = await in_thread(lifecycle.find_all)(asked, timezone.now())
            except (DatabaseError, InterfaceError):
                logger.warning("Drafts of other processes could not be read; trying again.", exc_info=True)
                continue
            for draft in found:
                self._tell(draft)
            for draft_id in set(asked) - {draft.pk for draft in found}:
                self._tell_deleted(draft_id)

    def _tell_deleted(self, draft_id: UUID) -> None:
        """None of its text is repeated: whoever deleted it may have had to."""
        frame = frames.failed(draft_id, "not_found", _("This draft was deleted."), "")
        for watcher in self._watched.pop(draft_id, set()):
            watcher.take_frame(frame)

    def _tell(self, draft: Draft) -> None:
        streaming = draft.state == Draft.State.STREAMING
        watchers = self._watched.get(draft.pk, set()) if streaming else self._watched.pop(draft.pk, set())
        frame = frames.snapshot(draft.pk, draft.seq, draft.text) if streaming else frames.ended(draft)
        for watcher in watchers:
            watcher.take_frame(frame)


elsewhere = Elsewhere()
