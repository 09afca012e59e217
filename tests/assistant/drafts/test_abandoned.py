"""Sockets that come, ask for a draft and are gone: what the server has left of them, seen from outside."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

import pytest

from assistant.models import Draft
from tests.assistant.sockets import PATIENCE

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc"),
]

POOL = min(32, (os.cpu_count() or 1) + 4)  # threads that asyncio keeps for the database; they are made as needed
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: the connection is reset


def threads(server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def sockets(server) -> int:
    count = 0
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:  # closed meanwhile
            continue
    return count


def counts(server) -> tuple[int, int]:
    return threads(server), sockets(server)


def left(server, relay, before) -> str:
    """What is still there of drafts and pages, in words."""
    extra = [max(0, now - then - POOL) for now, then in zip(counts(server), before, strict=True)]
    streaming = Draft.objects.filter(state=Draft.State.STREAMING).count()
    if not any(extra) and not streaming and not relay.active:
        return ""
    return f"{extra[0]} threads, {extra[1]} sockets, {streaming} drafts, {relay.active} requests"


def abort(client) -> None:
    client.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    client.socket.socket.close()


@pytest.mark.parametrize("times", [24, pytest.param(1000, marks=pytest.mark.soak)])
def test_pages_that_ask_for_a_draft_and_vanish_leave_no_thread_and_no_socket(page, server, relay, times):
    with page() as client:
        client.send("ping")
        client.until("pong")
    before = counts(server)
    relay.hold(after_tokens=1)
    for number in range(times):
        with page() as client:
            if number % 3:
                client.send("draft.start")
            if number % 3 == 2:
                client.until("draft.delta")
            abort(client)
    with page() as client:
        client.draft()
        client.until("draft.delta")
    relay.release()
    until = time.monotonic() + PATIENCE
    while what := left(server, relay, before):
        assert time.monotonic() < until, what
        time.sleep(0.05)
