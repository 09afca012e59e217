"""Work on the event loop that runs once at a time, however often it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class BackgroundTask:
    """`begin` starts the work unless it is under way; it ends by itself, or by `cancel`."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._work = work
        self.task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()

    def begin(self) -> None:
        if not self.is_running:
            self.task = asyncio.create_task(self._work())

    def cancel(self) -> None:
        """Forgotten at once: `begin` starts another, though this one may take a while to end."""
        if self.task is not None:
            self.task.cancel()
            self.task = None
