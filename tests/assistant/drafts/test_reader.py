"""An answer read on the event loop: first piece at once, in order, and one flood keeps nobody else from reading."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from time import monotonic
from types import SimpleNamespace

import pytest

from assistant.drafts.masking import Masking
from assistant.drafts.reader import AT_ONCE, Reader
from assistant.drafts.running import Running
from assistant.relay.client import RelayClient
from assistant.relay.deadlines import Cancel
from assistant.relay.types import ChatRequest, Delta, End
from tests.assistant.relay.certificates import Authority
from tests.assistant.relay.upstream import Events, Upstream
from tests.waiting import in_loop

REQUEST = ChatRequest(model="m", messages=[{"role": "user", "content": "Write."}], temperature=0.1, max_tokens=500)

THOUGHT = b'data: {"choices": [{"index": 0, "delta": {"reasoning_content": "%s"}}]}\n\n' % (b"Hm, " * 50)


@pytest.fixture
def clients():
    made = []

    def connect(url, **options):
        made.append(RelayClient(url, "key", **options))
        return made[-1]

    yield connect
    for client in made:
        client.close()


async def read(client, cancel=None, masking=None):
    """All hand-outs of one answer, and the number of the threads they were handed out by."""
    handed, over, threads = [], asyncio.Event(), set()

    def put(items):
        threads.add(threading.get_ident())
        if items:
            handed.append(items)
            if not isinstance(items[-1], Delta):
                over.set()

    reader = Reader(lambda: client, REQUEST, cancel or Cancel(), put, masking or Masking())
    threading.Thread(target=reader.ask, args=(asyncio.get_running_loop(),), name="asks").start()
    await asyncio.wait_for(over.wait(), 20)
    await in_loop(lambda: reader._over)  # what follows the end is read too
    return handed, threads


def text_of(handed):
    return "".join(item.text for items in handed for item in items if isinstance(item, Delta))


def texts(*pieces, then=lambda events: events.finish().done()):
    def run(peer):
        events = Events(peer, "chunked")
        for piece in pieces:
            events.text(piece)
        then(events)

    return run


def test_an_answer_that_comes_with_its_headers_is_whole_and_handed_out_by_the_loop_s_thread(clients):
    with Upstream(texts("Dear ", "Erin")) as upstream:
        handed, threads = asyncio.run(read(clients(upstream.url)))
    assert text_of(handed) == "Dear Erin"
    assert isinstance(handed[-1][-1], End)
    assert threads == {threading.get_ident()}


def test_many_answers_are_read_with_no_thread_each_and_keep_their_order(clients):
    goes_on = threading.Event()

    def run(peer):
        events = Events(peer, "chunked").text("0 ")
        goes_on.wait(20)
        for number in range(1, 50):
            events.text(f"{number} ")
        events.finish().done()

    async def read_thirty(client):
        reading = [asyncio.ensure_future(read(client)) for _ in range(30)]
        await asyncio.to_thread(upstream.wait_for_requests, 30)
        while any(thread.name.startswith("asks") for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        goes_on.set()
        return await asyncio.gather(*reading)

    with Upstream(*[run] * 30) as upstream:
        found = asyncio.run(read_thirty(clients(upstream.url)))
    assert [text_of(handed) for handed, _ in found] == ["".join(f"{number} " for number in range(50))] * 30


def test_a_flood_is_handed_out_in_parts_so_that_others_have_their_turn(clients):
    count = AT_ONCE * 3
    with Upstream(texts(*["word "] * count)) as upstream:
        handed, _ = asyncio.run(read(clients(upstream.url)))
    assert text_of(handed) == "word " * count
    assert max(len(text_of([items]).split()) for items in handed) <= AT_ONCE


@pytest.mark.parametrize(
    "nothing_to_show",
    [b": still here\n\n", THOUGHT],
    ids=["comments", "thoughts"],
)
def test_a_flood_of_what_nobody_is_shown_leaves_the_loop_to_others(clients, nothing_to_show, tmp_path):
    authority = Authority(tmp_path)
    others_had_their_turn = threading.Event()
    flood = nothing_to_show * 5_000

    def run(peer):
        events, until = Events(peer, "chunked").text("Dear"), monotonic() + 5
        while not others_had_their_turn.is_set() and monotonic() < until:
            events.raw(flood)
        events.text("" if monotonic() < until else " all who had to wait").finish().done()

    async def read_among_others(client):
        reading = asyncio.ensure_future(read(client))
        while not upstream.peers or any(thread.name == "asks" for thread in threading.enumerate()):
            await asyncio.sleep(0.001)
        for _ in range(10):
            await asyncio.sleep(0)
        others_had_their_turn.set()
        return await reading

    with Upstream(run, tls=authority.server_context()) as upstream:
        handed, _ = asyncio.run(read_among_others(clients(upstream.url, ca_bundle=str(authority.bundle))))
    assert text_of(handed) == "Dear"


def test_a_flood_is_read_once_in_each_turn_of_the_loop(clients):
    """Not once for what is at hand and once more for the socket, and then twice for each of the two."""
    event = b'data: {"choices": [{"index": 0, "delta": {"content": "word "}}]}\n\n'
    turn, handed_in, over = 0, Counter(), threading.Event()

    def run(peer):
        events = Events(peer, "chunked").text("Dear ")
        for _ in range(20):
            events.raw(event * AT_ONCE)
        events.finish().done()

    def put(items):
        handed_in[turn] += bool(items)
        if items and isinstance(items[-1], End):
            over.set()

    async def count_turns(client):
        nonlocal turn
        reader = Reader(lambda: client, REQUEST, Cancel(), put, Masking())
        asking = threading.Thread(target=reader.ask, args=(asyncio.get_running_loop(),))
        asking.start()
        until = monotonic() + 20
        while not over.is_set() and monotonic() < until:
            turn += 1
            await asyncio.sleep(0)
        asking.join()

    with Upstream(run) as upstream:
        asyncio.run(count_turns(clients(upstream.url)))
    assert over.is_set()
    assert max(handed_in.values()) == 1


def test_a_page_that_cannot_be_told_does_not_keep_a_draft_from_ending(settings):
    def tell(running, frame):
        raise ConnectionError("the page has gone")

    async def call():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        return await asyncio.wait_for(Running(plan, tell)._call(), 20)

    draft = SimpleNamespace(pk=1, ticket_id=1, author_id=1, kind="reply")
    plan = SimpleNamespace(draft=draft, route=SimpleNamespace(request=lambda: REQUEST), masking=Masking())
    with Upstream(texts("Dear ", "Erin")) as upstream:
        settings.RELAY_BASE_URL, settings.RELAY_API_KEY = upstream.url, "key"
        assert isinstance(asyncio.run(call()), End)


def test_what_was_held_back_comes_before_the_reason_why_there_is_no_more(clients):
    masking = Masking()
    masking.learn("erin@example.com")
    with Upstream(texts("Write to <EMA", then=lambda events: events.drop())) as upstream:
        handed, _ = asyncio.run(read(clients(upstream.url), masking=masking))
    assert text_of(handed) == "Write to <EMA"
    assert handed[-1][-1].code == "interrupted"


def test_cancelling_ends_an_answer_that_the_loop_reads(clients):
    cancel = Cancel()

    def run(peer):
        Events(peer, "chunked").text("Dear")
        peer.wait_until_gone()

    async def read_and_cancel(client):
        reading = asyncio.ensure_future(read(client, cancel))
        await asyncio.to_thread(upstream.wait_for_requests, 1)
        cancel.cancel()
        return await reading

    with Upstream(run) as upstream:
        handed, _ = asyncio.run(read_and_cancel(clients(upstream.url)))
    assert handed[-1][-1].code == "cancelled"


def test_a_connection_is_used_again_for_the_next_answer(clients):
    with Upstream(lambda peer: [texts("one")(peer), peer.read_request(), texts("two")(peer)]) as upstream:
        client = clients(upstream.url)
        assert [text_of(asyncio.run(read(client))[0]) for _ in range(2)] == ["one", "two"]
