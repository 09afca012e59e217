"""The socket of the inbox where something fails under it: nothing of it may stay behind in the process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.assistant.sockets import log_in
from tests.waiting import in_loop
from tickets import inbox_live
from tickets.inbox_live import InboxSocket, watcher
from tickets.models import Ticket
from tickets.presence import presence
from tickets.sockets import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """An inbox as Daphne serves it: what it is given, and what it has sent."""

    def __init__(self, cookie: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self._given: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        headers = [(b"host", b"localhost"), (b"cookie", cookie.encode())]
        scope = {"type": "websocket", "path": "/ws/inbox/", "query_string": b"", "scheme": "ws", "headers": headers}
        self.over = asyncio.create_task(InboxSocket.as_asgi()(scope, self._given.get, self._send))
        self._given.put_nowait({"type": "websocket.connect"})

    def ask(self, **frame: Any) -> None:
        self._given.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    async def leave(self) -> None:
        self._given.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.over
        await nobody_listens()

    @property
    def close_code(self) -> int | None:
        return next((message["code"] for message in self.sent if message["type"] == "websocket.close"), None)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(message["text"]) for message in self.sent if "text" in message]

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


async def nobody_listens() -> None:
    """The layer may swallow one cancellation, and the end of a loop makes one: this is the one before."""
    if not watcher._sockets:
        presence.deafen()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def no_tickets_to_read() -> AsyncIterator[None]:
    await in_thread(_rename)("tickets_ticket", "tickets_gone")
    try:
        yield
    finally:
        await in_thread(_rename)("tickets_gone", "tickets_ticket")


def _rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_a_page_that_is_logged_out_and_asks_as_it_opens_is_just_closed():
    async def visit() -> None:
        page = Page("")
        page.ask(type="since", at=time.time())
        await in_loop(lambda: page.close_code)
        await page.leave()
        assert page.close_code == 4401

    asyncio.run(visit())


def test_a_page_that_cannot_be_told_what_it_missed_is_closed_to_come_back(alice):
    async def visit(cookie: str) -> None:
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        async with no_tickets_to_read():
            page.ask(type="since", at=time.time())
            await in_loop(lambda: page.close_code or page.over.done())
        await page.leave()
        assert page.close_code == 4503
        assert not watcher._sockets

    asyncio.run(visit(log_in(alice)))


def test_what_changed_while_the_database_could_not_be_read_is_told_once_it_can_be(alice, ticket, monkeypatch, caplog):
    monkeypatch.setattr(inbox_live, "OVERLAP", timedelta(seconds=0.5))
    Ticket.objects.filter(pk=ticket.pk).update(updated=timezone.now() - timedelta(hours=1))

    def change_elsewhere() -> None:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tickets_gone SET version = version + 1, updated = %s", [now])

    async def visit(cookie: str) -> None:
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        async with no_tickets_to_read():
            await in_thread(change_elsewhere)()
            await in_loop(lambda: caplog.text.count("could not be read") > 1)  # a second apart
        await in_loop(lambda: page.told)
        await page.leave()
        assert page.told == [{"type": "inbox.changed", "tickets": [ticket.pk], "more": False}]

    asyncio.run(visit(log_in(alice)))


def test_a_page_whose_serving_is_cut_off_is_forgotten(alice):
    """Daphne does so ten seconds after somebody has left, when an answer is still waited for."""

    async def visit(cookie: str) -> None:
        page = Page(cookie)
        await in_loop(lambda: watcher._sockets)
        page.over.cancel()
        await asyncio.wait([page.over])
        assert not watcher._sockets
        await nobody_listens()

    asyncio.run(visit(log_in(alice)))
