"""Relays that keep a call waiting, and calls that are ended from outside: what the tests of endings share."""

import threading
import time

import pytest

from assistant.relay.client import RelayError

from .upstream import WAIT, Events, head

PROMPT = 2.0  # seconds within which a cancelled call must be over; by itself it would last its deadline of sixty
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
    assert seconds <= took < seconds + 10, took
    return caught.value
