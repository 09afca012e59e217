"""The key stays out of messages, reprs, logs and exception chains, also when the relay echoes it."""

import json
import logging
import traceback

import pytest

from assistant.relay.client import RelayClient, RelayError
from assistant.relay.redact import redactor

from .conftest import KEY
from .upstream import Events, Upstream, head

ECHO = f"Incorrect API key provided: {KEY}. Header was 'Authorization: Bearer {KEY}'"
MASKED = f"Incorrect API key provided: {KEY[:9]}*********{KEY[-4:]}."

SCRIPTS = {
    "error": lambda p: p.answer(401, {"error": {"message": ECHO}}),
    "masked": lambda p: p.answer(401, {"error": {"message": MASKED}}),
    "plain text": lambda p: p.answer(500, ECHO),
    "html": lambda p: p.answer(200, f"<html>{ECHO}", content_type="text/html"),
    "at the edge of what is shown": lambda p: p.answer(200, "x" * 190 + KEY, content_type="text/plain"),
    "redirect": lambda p: p.answer(302, "", location=f"/login?key={KEY}"),
    "error in 200": lambda p: p.answer(200, {"error": {"message": ECHO, "code": KEY}}),
    "names only": lambda p: p.answer(400, {"error": {"code": KEY}}),
    "answer of another shape": lambda p: p.answer(200, {"echo": ECHO}),
    "no JSON": lambda p: p.answer(200, f"{{{ECHO}"),
    "reset": lambda p: p.reset(),
    "not HTTP": lambda p: (p.send(ECHO.encode() + b"\r\n"), p.close()),
    "headers": lambda p: p.send(head(500, {"x_request_id": KEY, "content_length": "0"})),
    "stream": lambda p: Events(p, "chunked").data({"error": {"message": ECHO}}).end(),
    "unreadable stream": lambda p: Events(p, "chunked").data(f"{{{ECHO}").end(),
}


def everything_about(error, *, with_locals=False):
    step = traceback.TracebackException.from_exception(error, capture_locals=with_locals)
    return "\n".join([str(error), repr(error), json.dumps(vars(error)), *step.format()])


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_key_is_nowhere(connect, request_, caplog, script, stream):
    caplog.set_level(logging.DEBUG)
    with Upstream(script) as upstream:
        client = connect(upstream.url)
        with pytest.raises(RelayError) as caught:
            list(client.stream(request_)) if stream else client.complete(request_)
    told = everything_about(caught.value) + repr(client) + str(vars(client)) + caplog.text
    assert KEY not in told
    assert KEY[3:] not in told
    assert KEY[:9] not in told


def test_not_even_the_variables_of_a_traceback_hold_the_key(connect, request_, closed_port):
    with Upstream(lambda p: p.answer(401, "no"), lambda p: p.close()) as upstream:
        for url in (upstream.url, upstream.url, f"http://127.0.0.1:{closed_port}/v1"):
            client = connect(url)
            with pytest.raises(RelayError) as caught:
                client.complete(request_)
            assert KEY not in everything_about(caught.value, with_locals=True)


@pytest.mark.parametrize("key", ["ключ-секрет", "two words", "line\nbreak"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(key):
    with pytest.raises(ValueError, match="RELAY_API_KEY") as caught:
        RelayClient("https://relay.example", key)
    assert key not in str(caught.value)


def test_spaces_around_a_key_are_taken_off(request_):
    with Upstream(lambda p: p.answer(500, f"bad key {KEY}")) as upstream:
        client = RelayClient(upstream.url, f" {KEY}\n")
        with pytest.raises(RelayError) as caught:
            client.complete(request_)
        assert upstream.peers[0].header("authorization") == f"Bearer {KEY}"
        client.close()
    assert caught.value.provider_message == "bad key [key]"


def test_words_are_left_alone():
    redact = redactor(["test", "", "sk-1234567890abcdef"])
    assert redact("The latest testing says: ask-me-anything-else") == "The latest testing says: ask-me-anything-else"
    assert redact("key test, Bearer abcdef123456") == "key [key], [key]"
    assert redact("sk-1234…cdef and gsk_x sk-proj-other12345") == "[key] and gsk_x [key]"
