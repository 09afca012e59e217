"""Waiting for what another thread, process or task does, without a word about how long it may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 90.0  # seconds; a busy machine is slow, and no reason to fail
T = TypeVar("T")


def until(look: Callable[[], T], what: str = "what was waited for", patience: float = PATIENCE) -> T:
    """What `look` finds as soon as it finds something; fails with `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {patience:g} s: {what}"
        time.sleep(0.05)
    return found


async def in_loop(look: Callable[[], T], what: str = "what was waited for") -> T:
    """As `until`, while the other tasks of this loop go on."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
        await asyncio.sleep(0.001)
    return found
