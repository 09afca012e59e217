"""Drafts that another process drives, as the database shows them here."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing

import pytest
from django.db import connections
from django.db.backends.signals import connection_created

from assistant.drafts.elsewhere import Elsewhere
from assistant.drafts.following import Follower, follow
from assistant.models import Draft
from tests.assistant.sockets import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.texts: list[str] = []

    def take_frame(self, frame: str) -> None:
        self.texts.append(json.loads(frame)["text"])
        self.came.set()


def test_a_draft_that_is_opened_while_the_database_is_asked_for_others_is_followed_too(ticket, alice):
    first, second = (
        Draft.objects.create(ticket=ticket, author=alice, state=Draft.State.STREAMING, text=text, seq=1)
        for text in ("one", "two")
    )

    async def follow() -> None:
        elsewhere, loop, early, late = Elsewhere(), asyncio.get_running_loop(), Reader(), Reader()

        async def open_another() -> None:
            elsewhere.watch(late, second.pk)

        def while_asking(**_) -> None:
            """In the thread of the query, on its way to the database."""
            connection_created.disconnect(while_asking)
            asyncio.run_coroutine_threadsafe(open_another(), loop).result()

        connection_created.connect(while_asking)
        elsewhere.watch(early, first.pk)
        async with asyncio.timeout(PATIENCE):
            await early.came.wait()
            await late.came.wait()
        assert (early.texts[0], late.texts[0]) == ("one", "two")
        elsewhere.forget(early)
        elsewhere.forget(late)

    asyncio.run(follow())


def test_a_draft_that_is_deleted_ends_for_whoever_follows_it(ticket, alice):
    draft = Draft.objects.create(ticket=ticket, author=alice, state=Draft.State.STREAMING, text="Dear", seq=1)

    def delete() -> None:
        with closing(connections["default"]):
            draft.delete()

    async def read() -> list[tuple[str, str]]:
        events = []
        async with asyncio.timeout(PATIENCE):
            async for batch in follow(draft.pk, Follower()):
                events += [(event.type, event.text) for event in batch]
                if len(events) == 1:
                    await asyncio.to_thread(delete)
        await asyncio.get_running_loop().run_in_executor(None, connections.close_all)
        return events

    assert asyncio.run(read()) == [("draft.snapshot", "Dear"), ("draft.failed", "")]


def test_a_page_that_follows_a_draft_is_told_when_it_is_deleted(ticket, alice, page):
    draft = Draft.objects.create(ticket=ticket, author=alice, state=Draft.State.STREAMING, text="Dear", seq=1)
    with page() as client:
        client.send("draft.resume", draft=str(draft.pk))
        client.until("draft.snapshot")
        Draft.objects.all().delete()
        error = client.until("draft.failed")["error"]
    assert (error["code"], error["retryable"]) == ("not_found", False) and error["message"]
