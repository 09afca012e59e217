"""What a call may take: to connect, to the first token, between two signs of life, in all."""

import threading

import pytest

from assistant.relay.client import Deadlines, Delta

from .ending import TEXT, THOUGHT, error_after, hold, hold_after_headers
from .upstream import Events, Upstream, head


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
            pause.wait(0.25)
        events.text("end").finish().done()

    with Upstream(script) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(first_token=1, silence=1))
        items = list(client.stream(request_))
    assert items[-2] == Delta("end")
    assert items[-1].latency_ms > 1000


def test_an_answer_that_is_finished_does_not_wait_for_a_done_that_never_comes(connect, request_, framing):
    with Upstream(lambda p: (Events(p, framing).text("a").finish(), p.wait_until_gone())) as upstream:
        client = connect(upstream.url, deadlines=Deadlines(silence=0.2))
        items = list(client.stream(request_))
        upstream.wait_for_open(0)
    assert items[0] == Delta("a")
    assert items[1].finish_reason == "stop"
