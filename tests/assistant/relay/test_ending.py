"""Cancelling, deadlines and readers that walk away: the call ends in time and its socket is freed upstream."""

import gc
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assistant.relay.client import Cancel, Deadlines, Delta, RelayClient, RelayError

from .upstream import WAIT, Events, Upstream, completion, head

PROMPT = 0.1  # seconds within which a cancelled call must be over
TEXT = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
THOUGHT = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}


class Running:
    """A call in a thread of its own: what it yielded and raised, and when it was over."""

    def __init__(self, call):
        self.items, self.error, self.over_at = [], None, None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._run, args=(call,))
        self.thread.start()

    def _run(self, call):
        try:
            for item in call():
                with self.changed:
                    self.items.append(item)
                    self.changed.notify_all()
        except RelayError as error:
            self.error = error
        self.over_at = time.monotonic()

    def wait_for_items(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.items) >= count, WAIT)

    def cancel(self, cancel):
        """Seconds between cancelling and the end of the call."""
        asked_at = time.monotonic()
        cancel.cancel()
        assert time.monotonic() - asked_at < PROMPT
        self.thread.join(WAIT)
        return self.over_at - asked_at


def hold(peer):
    peer.wait_until_gone()


def hold_after_headers(peer):
    Events(peer, "chunked")
    peer.wait_until_gone()


def hold_after_text(framing):
    def script(peer):
        Events(peer, framing).text("Hel")
        peer.wait_until_gone()

    return script


def hold_inside_body(peer):
    peer.send(head(200, {"content_type": "application/json", "content_length": "100"}) + b'{"choices"')
    peer.wait_until_gone()


def error_after(seconds, action):
    """The error of `action`, which must come after `seconds` and not much later."""
    started = time.monotonic()
    with pytest.raises(RelayError) as caught:
        action()
    took = time.monotonic() - started
    assert seconds <= took < seconds + 2, took
    return caught.value


@pytest.mark.parametrize("script", [hold, hold_after_headers], ids=["before", "after"])
def test_a_stream_is_cancelled_around_its_headers(connect, request_, script):
    cancel = Cancel()
    with Upstream(script) as upstream:
        running = Running(lambda: connect(upstream.url).stream(request_, cancel))
        upstream.wait_for_requests(1)
        assert running.cancel(cancel) < PROMPT
        upstream.wait_for_open(0)
    assert (running.error.code, running.error.retryable, running.error.text_shown) == ("cancelled", False, False)
    assert cancel.cancelled


def test_a_stream_is_cancelled_within_its_text(connect, request_, framing):
    cancel = Cancel()
    with Upstream(hold_after_text(framing)) as upstream:
        running = Running(lambda: connect(upstream.url).stream(request_, cancel))
        running.wait_for_items(1)
        assert running.cancel(cancel) < PROMPT
        upstream.wait_for_open(0)
    assert (running.error.code, running.error.text_shown) == ("cancelled", True)


@pytest.mark.parametrize("script", [hold, hold_inside_body], ids=["before", "inside"])
def test_a_plain_call_is_cancelled_around_its_headers(connect, request_, script):
    cancel = Cancel()
    with Upstream(script) as upstream:
        running = Running(lambda: [connect(upstream.url).complete(request_, cancel)])
        upstream.wait_for_requests(1)
        assert running.cancel(cancel) < PROMPT
        upstream.wait_for_open(0)
    assert running.error.code == "cancelled"


def test_a_call_on_a_connection_used_before_is_cancelled_too(connect, request_):
    cancel = Cancel()
    with Upstream(lambda p: p.answer(200, completion()), hold) as upstream:
        client = connect(upstream.url)
        client.complete(request_)
        running = Running(lambda: [client.complete(request_, cancel)])
        upstream.wait_for_requests(2)
        assert upstream.connections == 1
        assert running.cancel(cancel) < PROMPT
        upstream.wait_for_open(0)
    assert running.error.code == "cancelled"


@pytest.fixture
def full_port():
    """A port whose backlog is full, so that connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
            waiting.append(sock)
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


def test_a_call_is_cancelled_while_it_connects(connect, request_, full_port, monkeypatch):
    cancel = Cancel()
    connecting = threading.Event()
    monkeypatch.setattr(sys, "audit", lambda event, *args: connecting.set())  # called before the connect
    running = Running(lambda: [connect(f"http://127.0.0.1:{full_port}/v1").complete(request_, cancel)])
    assert connecting.wait(WAIT)
    assert running.cancel(cancel) < PROMPT
    assert running.error.code == "cancelled"


def test_a_call_whose_cancel_was_pressed_before_never_connects(connect, request_):
    cancel = Cancel()
    cancel.cancel()
    with Upstream(hold) as upstream:
        client = connect(upstream.url)
        for call in (lambda: client.complete(request_, cancel), lambda: list(client.stream(request_, cancel))):
            with pytest.raises(RelayError) as caught:
                call()
            assert caught.value.code == "cancelled"
        assert upstream.connections == 0


def test_text_that_had_already_arrived_is_not_handed_out_after_cancelling(connect, request_, framing):
    cancel = Cancel()

    def script(peer):
        line = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
        Events(peer, framing).raw(line * 50)
        peer.wait_until_gone()

    with Upstream(script) as upstream:
        items = connect(upstream.url).stream(request_, cancel)
        assert next(items) == Delta("a")
        cancel.cancel()
        with pytest.raises(RelayError) as caught:
            next(items)
    assert caught.value.code == "cancelled"


def test_one_cancel_stops_several_calls_and_cancelling_twice_is_harmless(connect, request_):
    cancel = Cancel()
    with Upstream(hold) as upstream:
        client = connect(upstream.url)
        running = [Running(lambda: [client.complete(request_, cancel)]) for _ in range(5)]
        upstream.wait_for_requests(5)
        cancel.cancel()
        cancel.cancel()
        for each in running:
            each.thread.join(WAIT)
        upstream.wait_for_open(0)
    assert {each.error.code for each in running} == {"cancelled"}


def test_cancelling_a_call_that_is_over_does_not_harm_the_next_on_its_connection(connect, request_):
    cancel = Cancel()
    with Upstream(lambda p: p.answer(200, completion())) as upstream:
        client = connect(upstream.url)
        client.complete(request_, cancel)
        cancel.cancel()
        assert client.complete(request_).text == "Hello"
        assert upstream.connections == 1


def test_a_wait_between_retries_ends_when_cancelled():
    cancel = Cancel()
    threading.Thread(target=cancel.cancel).start()
    assert cancel.wait(WAIT)


def test_connecting_has_a_deadline(connect, request_, full_port):
    client = connect(f"http://127.0.0.1:{full_port}/v1", deadlines=Deadlines(connect=0.2))
    error = error_after(0.2, lambda: client.complete(request_))
    assert (error.code, error.retryable) == ("timeout", True)
    assert "RELAY_BASE_URL" in error.message


def test_a_plain_answer_has_a_deadline_before_the_headers(connect, request_):
    with Upstream(hold) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(total=0.2))
        error = error_after(0.2, lambda: client.complete(request_))
        upstream.wait_for_open(0)
    assert (error.code, error.retryable) == ("timeout", True)


def drip(start, piece):
    """Send `piece` again and again, until the client has gone."""

    def script(peer):
        gone = threading.Event()
        write = start(peer)
        while not gone.wait(0.02):
            write(piece)

    return script


def header_bytes(peer):
    peer.send(b"HTTP/1.1 200 OK\r\n")
    return peer.send


def body_bytes(peer):
    peer.send(head(200, {"content_type": "application/json", "content_length": "1000000"}))
    return peer.send


@pytest.mark.parametrize("start", [header_bytes, body_bytes])
def test_a_slow_drip_does_not_defeat_the_deadline_of_a_plain_call(connect, request_, start):
    with Upstream(drip(start, b"x")) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(total=0.3))
        assert error_after(0.3, lambda: client.complete(request_)).code == "timeout"
        upstream.wait_for_open(0)


@pytest.mark.parametrize("script", [hold, hold_after_headers, drip(header_bytes, b"x")])
def test_the_first_token_has_a_deadline(connect, request_, script):
    with Upstream(script) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(first_token=0.3))
        error = error_after(0.3, lambda: list(client.stream(request_)))
        upstream.wait_for_open(0)
    assert (error.code, error.retryable, error.text_shown) == ("timeout", True, False)
    assert "0.3 s" in error.message


LIFELESS = {
    "comments": b": keep-alive\n\n",
    "blank lines": b"\n",
    "empty data": b"data:\n\n",
    "no choices": b'data: {"choices":[]}\n\n',
    "role only": b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n',
    "an endless event": b"data: x",
    "unreadable events": b"data: {oops\n\n",
}


@pytest.mark.parametrize("piece", LIFELESS.values(), ids=LIFELESS)
def test_what_only_keeps_the_line_warm_defeats_neither_deadline(connect, request_, framing, piece):
    with Upstream(drip(lambda p: Events(p, framing).raw, piece)) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(first_token=0.3))
        error = error_after(0.3, lambda: list(client.stream(request_)))
        assert (error.code, error.text_shown) == ("timeout", False)
        upstream.wait_for_open(0)
    with Upstream(drip(lambda p: Events(p, framing).text("Hel").raw, piece)) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(silence=0.3))
        error = error_after(0.3, lambda: list(client.stream(request_)))
        assert (error.code, error.retryable, error.text_shown) == ("interrupted", False, True)
        assert "fell silent" in error.message
        upstream.wait_for_open(0)


@pytest.mark.parametrize("payload", [TEXT, THOUGHT], ids=["text", "reasoning"])
def test_signs_of_life_move_the_silence_deadline_on(connect, request_, framing, payload):
    def script(peer):
        pause = threading.Event()
        events = Events(peer, framing)
        for _ in range(6):
            events.data(payload)
            pause.wait(0.1)
        events.text("end").finish().done()

    with Upstream(script) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(first_token=0.3, silence=0.3))
        items = list(client.stream(request_))
    assert items[-2] == Delta("end")
    assert items[-1].latency_ms > 500


def test_an_answer_that_is_finished_does_not_wait_for_a_done_that_never_comes(connect, request_, framing):
    with Upstream(lambda p: (Events(p, framing).text("a").finish(), p.wait_until_gone())) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(silence=0.2))
        items = list(client.stream(request_))
        upstream.wait_for_open(0)
    assert items[0] == Delta("a")
    assert items[1].finish_reason == "stop"


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
        assert max(each.cancel(cancel) for each in running) < 10 * PROMPT  # a hundred threads to wake
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
