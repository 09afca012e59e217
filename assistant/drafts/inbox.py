"""From the threads that read the relay to the event loop: at once while it keeps up, gathered when it does not."""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")

TICK = 0.025  # seconds between two hand-outs while the loop is behind
BEHIND = 0.005  # seconds the loop may take to answer a wake-up before gathering begins
LATE_WAKES = 3  # late answers in a row after which it does: one pause is no load
CALM_TICKS = 4  # punctual ticks in a row after which gathering ends


class Receiver(Protocol[Item]):
    def take(self, items: list[Item]) -> None:
        """Called on the loop with what has arrived, in order."""


class Inbox(Generic[Item]):
    """Items for many receivers, put by many threads. One wake-up of the loop serves all that has arrived by then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[tuple[Receiver[Item], Item]] = deque()
        self._armed = False  # a hand-out is due: whoever puts need not wake the loop
        self._ticking = False
        self._calm = self._late = 0

    def put(self, receiver: Receiver[Item], item: Item, *, urgent: bool = False) -> None:
        """Hand `item` to `receiver` on the loop soon; `urgent` does not wait for a tick. From any thread."""
        self._arrived.append((receiver, item))
        if not self._armed or urgent:
            self._armed = True
            self._loop.call_soon_threadsafe(self._wake, perf_counter())

    def _wake(self, asked: float) -> None:
        self._late = self._late + 1 if perf_counter() - asked > BEHIND else 0
        self._armed = self._ticking  # before handing out: what arrives meanwhile wakes the loop again
        self._hand_out()
        if self._late >= LATE_WAKES and not self._ticking:
            self._ticking = self._armed = True
            self._calm = self._late = 0
            self._loop.call_later(TICK, self._tick, perf_counter() + TICK)

    def _tick(self, due: float) -> None:
        self._calm = self._calm + 1 if perf_counter() - due < BEHIND else 0
        if self._calm >= CALM_TICKS:
            self._ticking = self._armed = False
        self._hand_out()
        if self._ticking:
            self._loop.call_later(TICK, self._tick, perf_counter() + TICK)

    def _hand_out(self) -> None:
        gathered: dict[Receiver[Item], list[Item]] = {}
        for _ in range(len(self._arrived)):
            receiver, item = self._arrived.popleft()
            gathered.setdefault(receiver, []).append(item)
        for receiver, items in gathered.items():
            receiver.take(items)
