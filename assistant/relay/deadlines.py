"""Ending a call from outside: people who cancel, and deadlines that pass.

A thread that blocks in recv() wakes when its socket is shut down, and close() from another thread would wait
for that recv() instead. So every call keeps a second descriptor of its socket and shuts that down. It works
before the headers, within a TLS handshake and through a proxy alike, and the peer sees the end at once.
"""

import contextlib
import heapq
import itertools
import os
import socket
import threading
from time import monotonic
from typing import Any, Protocol


class CallEnded(OSError):
    """The call was ended before its socket was connected."""


class _HasFileno(Protocol):
    def fileno(self) -> int: ...


class Cancel:
    """Stops the calls it was given to; any thread may use it. One may serve many calls and their retries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._calls: set[Call] = set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        """Shut the sockets of all calls down and refuse new ones. Returns at once; may be called again."""
        self._event.set()
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            call.end("cancelled")

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; True as soon as cancelled. The sleep for waits between retries."""
        return self._event.wait(seconds)

    def add(self, call: "Call") -> None:
        with self._lock:
            self._calls.add(call)
        if self.cancelled:
            call.end("cancelled")

    def discard(self, call: "Call") -> None:
        with self._lock:
            self._calls.discard(call)


class Call:
    """One HTTP call as others see it: what it waits for, until when, and the means to end it.

    `ended_by` is "" while it lives, else cancelled, connect, first_token, silence, total, reader or tail.
    `reached` once there is a connection by which the relay may have read the request; `wire` is its socket, with TLS
    where there is any.
    """

    def __init__(self, reason: str, seconds: float, connect_seconds: float, cancel: Cancel | None = None) -> None:
        self.ended_by = ""
        self.reached = False
        self.wire: Any = None
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._finished = False
        self._connect_seconds = connect_seconds
        self._whole = self._due = (monotonic() + seconds, reason)
        self._watched_at = float("inf")
        self._cancel = cancel
        if cancel is not None:
            cancel.add(self)
        self._watch()

    def attach(self, sock: _HasFileno) -> None:
        """Take a second descriptor of the socket this call uses. Raises CallEnded when it is too late."""
        duplicate = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            previous, self._socket = self._socket, duplicate
            ended = bool(self.ended_by)
        if previous is not None:
            previous.close()
        if ended:
            raise CallEnded("The call was ended.")

    @property
    def attached(self) -> bool:
        return self._socket is not None

    def connecting(self) -> None:
        self._due = min(self._whole, (monotonic() + self._connect_seconds, "connect"))
        self._watch()

    def connected(self) -> None:
        if self.ended_by:
            raise CallEnded("The call was ended.")
        self.reached = True
        self._due = self._whole
        self._watch()

    def expect(self, reason: str, seconds: float) -> None:
        """End the call for `reason` unless something else is expected of it within `seconds`."""
        self._due = (monotonic() + seconds, reason)
        self._watch()

    def end(self, reason: str) -> None:
        """Wake the thread which reads and let the peer know. Does nothing to a call that is over."""
        with self._lock:
            if self.ended_by or self._finished:
                return
            self.ended_by = reason
            if self._socket is not None:
                with contextlib.suppress(OSError):  # the peer may have gone already
                    self._socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Let go of the socket; nothing ends this call any more."""
        with self._lock:
            self._finished = True
            duplicate, self._socket = self._socket, None
        if duplicate is not None:
            duplicate.close()
        if self._cancel is not None:
            self._cancel.discard(self)

    def check(self) -> None:
        """Called by the watchdog at the time it was told."""
        if self._finished or self.ended_by:
            return
        due, reason = self._due
        if due <= monotonic():
            self.end(reason)
        else:
            self._watched_at = float("inf")
            self._watch()

    def _watch(self) -> None:
        # Deadlines move on with every token; the watchdog is told only when one comes nearer. A later one it
        # finds by itself when it wakes for the earlier.
        if self._due[0] >= self._watched_at:
            return
        with self._lock:
            due = self._due[0]
            if due >= self._watched_at:
                return
            self._watched_at = due
        watchdog.watch(due, self)


class Watchdog:
    """One daemon thread a process with a heap of times at which to look at a call."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def watch(self, at: float, call: Call) -> None:
        with self._condition:
            heapq.heappush(self._heap, (at, next(self._order), call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="relay-watchdog", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is call:
                self._condition.notify()

    def _run(self) -> None:
        while True:
            self._next().check()

    def _next(self) -> Call:
        with self._condition:
            while not self._heap or self._heap[0][0] > monotonic():
                self._condition.wait(self._heap[0][0] - monotonic() if self._heap else None)
            return heapq.heappop(self._heap)[2]


watchdog = Watchdog()


def _start_anew() -> None:
    """A forked child has no copy of the thread, and the calls of its parent are not its own."""
    global watchdog
    watchdog = Watchdog()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
