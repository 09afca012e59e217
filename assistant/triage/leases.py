"""The leases that a process holds, renewed by one thread for all of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connections

from assistant.triage import chunks
from assistant.triage.chunks import Lease
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)


class Leases:
    """Renews what it holds four times within each lease, from the first one on until `close`."""

    def __init__(self, seconds: float, now: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._now = now
        self._held: set[Lease] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """Keep `lease` alive within the block."""
        with self._lock:
            self._held.add(lease)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="triage-leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(lease)

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closed.wait(self._seconds / 4):
            with self._lock:
                held = list(self._held)
            if not held:
                continue
            try:
                chunks.renew(held, self._now(), self._seconds)
            except (DatabaseError, InterfaceError):
                logger.exception("leases could not be renewed; the next try is in %s s", self._seconds / 4)
                forget_connections()
        connections.close_all()
