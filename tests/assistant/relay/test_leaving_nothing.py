"""Streams that nobody reads to their end leave no socket, thread or descriptor."""

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assistant.relay.client import Cancel, Deadlines, Delta, RelayClient, RelayError

from .ending import (
    PROMPT,
    Running,
    hold,
    hold_after_headers,
    hold_after_text,
)
from .upstream import WAIT, Events, Upstream


def test_closing_the_generator_frees_the_socket(connect, request_, framing):
    with Upstream(hold_after_text(framing)) as upstream:
        items = connect(upstream.url).stream(request_)
        next(items)
        items.close()
        upstream.wait_for_open(0)


def test_an_abandoned_generator_frees_the_socket(connect, request_, framing):
    with Upstream(hold_after_text(framing)) as upstream:
        items = connect(upstream.url).stream(request_)
        next(items)
        del items
        gc.collect()
        upstream.wait_for_open(0)


def test_a_generator_never_asked_for_an_item_calls_nobody(connect, request_):
    with Upstream(hold) as upstream:
        connect(upstream.url).stream(request_).close()
        assert upstream.connections == 0


def test_a_reader_that_stalls_loses_its_socket(connect, request_, framing):
    def script(peer):
        Events(peer, framing).text("a").text("b")
        peer.wait_until_gone()

    with Upstream(script) as upstream:
        items = connect(upstream.url, deadlines=Deadlines(silence=0.2)).stream(request_)
        next(items)
        upstream.wait_for_open(0)  # while nobody reads
        with pytest.raises(RelayError, match="Nobody read the answer") as caught:
            list(items)
    assert (caught.value.code, caught.value.text_shown) == ("interrupted", True)


def test_a_reader_that_takes_its_time_does_not_use_up_the_relays(connect, request_):
    proceed = threading.Event()

    def script(peer):
        events = Events(peer, "chunked").text("a")
        proceed.wait(WAIT)
        threading.Event().wait(0.25)
        events.text("b").finish().done()

    with Upstream(script) as upstream:
        items = connect(upstream.url, deadlines=Deadlines(silence=0.4)).stream(request_)
        next(items)
        threading.Event().wait(0.25)
        proceed.set()
        assert next(items) == Delta("b")


def resources():
    """Threads and file descriptors of this process."""
    return sorted(thread.name for thread in threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))


def start_and_cancel(request_, times):
    """Streams ended before their headers, after them and within their text; by cancelling and by closing."""
    scripts = [hold, hold_after_headers, hold_after_text("chunked"), hold_after_text("close")]
    with Upstream(*(scripts[number % 4] for number in range(times))) as upstream:
        client = RelayClient(upstream.url, "key")
        for number in range(times):
            cancel = Cancel()
            items = client.stream(request_, cancel)
            if number % 4 == 3:
                next(items)
                items.close()
                continue
            running = Running(lambda items=items: items)
            upstream.wait_for_requests(number + 1)
            running.cancel(cancel)
            assert running.error.code == "cancelled"
        client.close()
        upstream.wait_for_open(0)


@pytest.mark.parametrize("times", [50, pytest.param(1000, marks=pytest.mark.soak)])
def test_streams_started_and_cancelled_leave_nothing_behind(request_, times):
    start_and_cancel(request_, 4)  # the watchdog's thread is there to stay
    gc.collect()
    before = resources()
    start_and_cancel(request_, times)
    gc.collect()
    assert resources() == before


def test_a_hundred_streams_share_one_watchdog(connect, request_):
    cancel = Cancel()
    with Upstream(hold_after_text("chunked")) as upstream:
        client = connect(upstream.url)
        running = [Running(lambda: client.stream(request_, cancel)) for _ in range(100)]
        for each in running:
            each.wait_for_items(1)
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("relay-watchdog") == 1
        assert max(each.cancel(cancel) for each in running) < PROMPT
        assert {each.error.code for each in running} == {"cancelled"}
        upstream.wait_for_open(0)


def test_deadlines_are_kept_in_a_forked_process():
    program = """
import os, socket
from assistant.relay.client import ChatRequest, Deadlines, RelayClient, RelayError
server = socket.create_server(("127.0.0.1", 0))
def call():
    client = RelayClient(f"http://127.0.0.1:{server.getsockname()[1]}", "k", deadlines=Deadlines(total=0.2))
    try:
        client.complete(ChatRequest("m", ({"role": "user", "content": "x"},), 0.0, 1))
    except RelayError as error:
        return error.code == "timeout"
assert call()
child = os.fork()
if not child:
    os._exit(0 if call() else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=2 * WAIT)
