"""Drafts over cut sockets, from a second server, without a socket at all, and after many that came and went."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

import pytest
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from assistant.drafts import asking, lifecycle
from assistant.drafts.asking import Wish
from assistant.drafts.following import Follower, follow
from assistant.drafts.streams import hub
from assistant.models import Draft
from tests.assistant.sockets import Server
from tickets.tracing import WithIds

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_socket_cut_twenty_times_during_one_draft_loses_no_word(page, relay):
    relay.set(token_ms=25)
    relay.hold(after_tokens=4)
    with page() as client:
        draft_id = client.draft()
        text = client.until("draft.delta")["text"]
        client.socket.socket.close()
    relay.release()
    for _ in range(19):
        with page() as client:
            client.send("draft.resume", draft=draft_id)
            seen = client.until("draft.snapshot", "draft.done")
            assert seen["text"].startswith(text)
            text = seen["text"]
            client.socket.socket.close()  # no goodbye
    with page() as client:
        client.send("draft.resume", draft=draft_id)
        seen = client.until("draft.snapshot")
        text, done = client.follow(seen["text"], seen["seq"])
    assert text == done["text"] == Draft.objects.get(pk=draft_id).text


def test_another_server_on_the_same_database_follows_a_draft_to_its_end(page, relay):
    relay.hold(after_tokens=5)
    other = Server(relay.base_url).start()
    try:
        with page() as client, page(on=other) as far:
            draft_id = client.draft()
            first = client.until("draft.delta")["text"]
            far.send("draft.resume", draft=draft_id)
            seen = far.until("draft.snapshot")
            while not seen["text"]:  # saved once a second
                seen = far.until("draft.snapshot")
            assert seen["text"].startswith(first)
            relay.release()
            _, done = client.follow(first, 1)
            _, end = far.follow(seen["text"], seen["seq"])
    finally:
        other.kill()
    assert end == done


@pytest.mark.skipif(not settings.REDIS_URL, reason="needs REDIS_URL")
def test_another_server_is_told_every_word_over_redis(ticket, alice, page, relay):
    servers = [Server(relay.base_url, REDIS_URL=settings.REDIS_URL).start() for _ in range(2)]
    relay.release()
    relay.set(token_ms=5, ttft_ms=0, faults={})
    relay.hold(after_tokens=5)
    try:
        with page(on=servers[0]) as client, page(on=servers[1]) as far:
            draft_id = client.draft()
            assert far.until("draft.started")["draft"] == draft_id
            words = far.until("draft.delta")
            relay.release()
            text, done = client.follow()
            seen, end = far.follow(words["text"], words["seq"])
    finally:
        for each in servers:
            each.kill()
    assert text == seen == done["text"] and end == done


@pytest.fixture
def own_relay(relay, settings):
    """This process asks the relay too."""
    relay.release()
    relay.set(token_ms=0, ttft_ms=0, faults={})
    settings.RELAY_BASE_URL, settings.RELAY_RPM = relay.base_url, 6000
    return relay


def run(coroutine):
    """On a loop of its own, as the hub of a process lives on one; its threads' connections are closed."""

    async def whole():
        hub._inbox = None
        try:
            return await coroutine
        finally:
            while hub._running:
                await asyncio.sleep(0.01)
            await asyncio.get_running_loop().run_in_executor(None, connections.close_all)

    return asyncio.run(whole())


def test_a_draft_is_followed_without_a_socket(own_relay, ticket, alice):
    async def read():
        draft = await hub.start(alice, ticket.pk, Wish())
        text, events = "", []
        async for event in events_of(draft.pk):
            text = text + event.text if event.type == "draft.delta" else event.text
            events.append(event)
        return draft, text, events

    draft, text, events = run(read())
    assert events[-1].type == "draft.done" and text == Draft.objects.get(pk=draft.pk).text and text
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    again = run(collect(draft.pk, after_seq=events[-1].seq))
    assert [event.type for event in again] == ["draft.done"]
    assert run(collect(Draft().pk)) == []


async def events_of(draft_id, after_seq=0):
    async for batch in follow(draft_id, Follower(after_seq)):
        for event in batch:
            yield event


async def collect(draft_id, after_seq=0):
    return [event async for event in events_of(draft_id, after_seq)]


def test_a_draft_of_another_process_is_followed_in_the_database(ticket, alice, settings):
    now = timezone.now()
    plan = asking.start(alice, ticket.pk, Wish(), now)
    draft_id = plan.draft.pk

    async def read():
        events = []
        async for event in events_of(draft_id):
            events.append(event)
            await asyncio.to_thread(go_on, len(events))
        return events

    def go_on(step: int) -> None:
        with closing(connections["default"]):
            if step == 1:
                lifecycle.save([lifecycle.Progress(draft_id, "Dear Erin,", 3)], timezone.now())
            if step == 2:
                Draft.objects.filter(pk=draft_id).update(state="done", text="Dear Erin, done.", seq=5)

    lifecycle.save([lifecycle.Progress(draft_id, "Dear", 1)], now)
    found = run(read())
    assert [(event.type, event.text) for event in found] == [
        ("draft.snapshot", "Dear"), ("draft.snapshot", "Dear Erin,"), ("draft.done", "Dear Erin, done."),
    ]  # fmt: skip


@pytest.mark.parametrize("times", [10, pytest.param(1000, marks=pytest.mark.soak)])
def test_drafts_started_and_stopped_leave_no_thread(own_relay, ticket, alice, times):
    own_relay.hold(after_tokens=1)

    async def cycle():
        for _ in range(times):
            draft = await hub.start(alice, ticket.pk, Wish())
            hub.stop(draft.pk, ticket.pk)

    run(cycle())
    own_relay.wait_until(lambda r: not r.active)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("draft-")]


def test_lines_of_log_say_which_draft_failed_in_its_thread_and_in_its_end(
    own_relay, ticket, alice, caplog, monkeypatch
):
    def broken(*_):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr("assistant.drafts.reader.Unmasking.feed", lambda *_: 1 / 0)
    monkeypatch.setattr(lifecycle, "finish", broken)
    caplog.handler.addFilter(ids := WithIds())

    async def fail():
        draft = await hub.start(alice, ticket.pk, Wish())
        return draft, await collect(draft.pk)

    try:
        draft, events = run(fail())
    finally:
        caplog.handler.removeFilter(ids)
    assert events[-1].type == "draft.failed"
    lines = {record.name: record.draft_id for record in caplog.records if record.name.startswith("assistant.drafts")}
    assert lines == {"assistant.drafts.reader": str(draft.pk), "assistant.drafts.streams": str(draft.pk)}
