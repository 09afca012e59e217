"""A call that somebody cancels: at once, at every stage, and without harm to others."""

import sys
import threading

import pytest

from assistant.relay.client import Cancel, Delta, RelayError

from .ending import PROMPT, Running, hold, hold_after_headers, hold_after_text, hold_inside_body
from .upstream import WAIT, Events, Upstream, completion


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
