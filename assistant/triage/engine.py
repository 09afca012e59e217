"""The embedded engine: one thread claims chunks and hands them to threads which wait for the relay."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connections
from django.utils import timezone

from assistant.models import TriageChunk, TriageRun
from assistant.triage import chunks
from assistant.triage.chunks import LEASE_SECONDS, Lease
from assistant.triage.leases import Leases
from assistant.triage.work import Worker, process_chunk
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks at the queue while there is nothing to do
GRACE = 4.0  # seconds in which calls under way may end by themselves after a stop
FAREWELL = 5.0  # seconds more to give back what had to be cut off


class Engine:
    """Works on the chunks of all running runs, or of `run_id` alone, at most `concurrency` at once.

    `run` returns when `stop` is set, or when the one run is over. Each run's own limit of requests at once holds
    beside `concurrency`. After a stop no chunk is begun; calls under way are cut off after a grace of 4 s and
    their chunks given back, so that it ends within 10 s.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        run_id: int | None = None,
        stop: threading.Event | None = None,
        lease_seconds: float = LEASE_SECONDS,
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._concurrency = concurrency
        self._run_id = run_id
        self._lease_seconds = lease_seconds
        self._worker = Worker(stop=stop or threading.Event(), now=now)
        self._leases = Leases(lease_seconds, now)
        self._busy: set[Future[None]] = set()

    def run(self) -> None:
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="triage")
        try:
            while not self._worker.stop.is_set() and not self._over():
                if not self._fill(pool):
                    self._wait()
        finally:
            self._end()
            pool.shutdown(wait=False, cancel_futures=True)
            self._leases.close()

    def _over(self) -> bool:
        """Whether the one run is over: no longer running, and nobody still at work on it."""
        if self._run_id is None or self._busy:
            return False
        try:
            return self._has_ended(self._run_id)
        except (DatabaseError, InterfaceError):
            logger.exception("the run could not be read; trying again")
            forget_connections()
            return False

    def _has_ended(self, run_id: int) -> bool:
        chunks.close_finished(self._worker.now(), run_id)
        if TriageRun.objects.filter(pk=run_id, state=TriageRun.State.RUNNING).exists():
            return False
        leased = TriageChunk.objects.filter(run=run_id, state=TriageChunk.State.LEASED)
        return not leased.filter(lease_until__gte=self._worker.now()).exists()

    def _fill(self, pool: ThreadPoolExecutor) -> bool:
        """Begin one more chunk if there is room and work."""
        if len(self._busy) >= self._concurrency:
            return False
        try:
            lease = chunks.claim(self._worker.now(), seconds=self._lease_seconds, run_id=self._run_id)
        except (DatabaseError, InterfaceError):
            logger.exception("the queue could not be read; trying again")
            forget_connections()
            return False
        if lease is None:
            return False
        self._busy.add(pool.submit(self._work, lease))
        return True

    def _work(self, lease: Lease) -> None:
        try:
            with self._leases.holding(lease):
                process_chunk(lease, self._worker)
        except Exception:
            logger.exception("chunk %s is left to whoever claims it when its lease ends", lease.chunk_id)
        finally:
            connections.close_all()

    def _wait(self) -> None:
        """Until a chunk is finished, or it is time to look at the queue again."""
        if self._busy:
            _, self._busy = wait(self._busy, timeout=POLL, return_when=FIRST_COMPLETED)
        else:
            self._worker.stop.wait(POLL)

    def _end(self) -> None:
        self._worker.stop.set()
        _, unfinished = wait(self._busy, timeout=GRACE)
        if unfinished:
            self._worker.cancel.cancel()
            wait(unfinished, timeout=FAREWELL)
