"""The rows of the failure table about errors within answers, lost connections and cut streams, in both framings."""

import json
import socket

import pytest

from assistant.relay.client import Delta, RelayError

from .failing import failure
from .upstream import Events, Upstream, completion, head

ERROR_200 = [
    ({"error": {"message": "m", "code": 429}}, "rate_limited", True),
    ({"error": {"message": "m", "code": "429"}}, "rate_limited", True),
    ({"error": {"message": "m", "code": 502}}, "relay_error", True),
    ({"error": {"message": "m", "code": 408}}, "timeout", True),
    ({"error": {"message": "m", "code": 409}}, "relay_error", True),
    ({"error": {"message": "m", "code": 400}}, "bad_request", False),
    ({"error": {"message": "m", "code": 401}}, "invalid_key", False),
    ({"error": {"message": "m", "type": "rate_limit_error"}}, "rate_limited", True),
    ({"error": {"message": "m", "type": "server_error", "code": None}}, "relay_error", True),
    ({"error": {"message": "m", "code": "invalid_api_key"}}, "invalid_key", False),
    ({"error": {"message": "m"}}, "relay_error", False),
    ({"error": "m"}, "relay_error", False),
    ({"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, "bad_request", False),
    ({"object": "error", "message": "m", "type": "InternalServerError", "code": 500}, "relay_error", True),
]


@pytest.mark.parametrize(("body", "code", "retryable"), ERROR_200)
def test_status_200_with_an_error_is_what_its_code_says(fails, body, code, retryable):
    error = fails(lambda p: p.answer(200, body))
    assert (error.code, error.retryable, error.provider_message) == (code, retryable, "m")


@pytest.mark.parametrize(("body", "code", "retryable"), ERROR_200)
def test_an_error_inside_a_stream_before_text_is_what_its_code_says(
    connect, request_, framing, body, code, retryable
):
    error, shown = failure(connect, request_, lambda p: Events(p, framing).data(body).end(), stream=True)
    assert (error.code, error.retryable, error.text_shown, shown) == (code, retryable, False, "")


@pytest.mark.parametrize("body", [ERROR_200[0][0], ERROR_200[-1][0]])
def test_an_error_inside_a_stream_after_text_interrupts(connect, request_, framing, body):
    error, shown = failure(connect, request_, lambda p: Events(p, framing).text("Hel").data(body).end(), stream=True)
    assert (error.code, error.retryable, error.text_shown, shown) == ("interrupted", False, True, "Hel")
    assert error.provider_message == "m"


@pytest.mark.parametrize("data", ["slow down", '{"message": "slow down"}', '{"error": {"message": "slow down"}}'])
def test_an_event_named_error_is_an_error(connect, request_, framing, data):
    script = lambda p: Events(p, framing).raw(f"event: error\ndata: {data}\n\n".encode()).end()  # noqa: E731
    error, _ = failure(connect, request_, script, stream=True)
    assert error.provider_message == "slow down"


def test_nobody_listening_is_retried(connect, request_, closed_port):
    client = connect(f"http://127.0.0.1:{closed_port}/v1")
    for call in (lambda: client.complete(request_), lambda: list(client.stream(request_)), client.models):
        with pytest.raises(RelayError) as caught:
            call()
        assert (caught.value.code, caught.value.retryable) == ("relay_error", True)
        assert "Connection refused" in caught.value.message
        assert caught.value.__context__ is None


def test_an_unknown_host_is_retried(connect, request_, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RelayError, match="host name is not known") as caught:
        connect("http://relay.invalid/v1").complete(request_)
    assert caught.value.retryable


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_connection_lost_before_the_headers_is_retried(fails, way):
    error = fails(lambda p: getattr(p, way)())
    assert (error.code, error.retryable, error.text_shown) == ("relay_error", True, False)


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000]
)
def test_what_is_not_http_is_an_error(fails, raw):
    error = fails(lambda p: (p.send(raw), p.close()))
    assert error.code == "relay_error"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_plain_answer_cut_inside_its_body_is_retried(connect, request_, way):
    body = json.dumps(completion()).encode()

    def script(peer):
        peer.send(head(200, {"content_type": "application/json", "content_length": str(len(body))}) + body[:30])
        getattr(peer, way)()

    error, _ = failure(connect, request_, script)
    assert (error.code, error.retryable, error.text_shown) == ("relay_error", True, False)


def test_a_stream_dropped_before_text_may_be_asked_for_again(connect, request_, framing):
    error, _ = failure(connect, request_, lambda p: Events(p, framing).data({"choices": []}).drop(), stream=True)
    assert (error.code, error.retryable, error.text_shown) == ("relay_error", True, False)


def test_a_stream_dropped_after_text_is_interrupted_and_never_retried(connect, request_, framing):
    error, shown = failure(connect, request_, lambda p: Events(p, framing).text("Hel").drop(), stream=True)
    assert (error.code, error.retryable, error.text_shown, shown) == ("interrupted", False, True, "Hel")


def test_a_stream_that_ends_without_an_end_is_truncated(connect, request_, framing):
    error, shown = failure(connect, request_, lambda p: Events(p, framing).text("Hel").end(), stream=True)
    assert (error.code, error.retryable, error.text_shown, shown) == ("truncated", False, True, "Hel")


def test_the_last_event_without_its_blank_line_is_not_part_of_the_answer(connect, request_, framing):
    script = lambda p: Events(p, framing).text("Hel").raw(b"data: [DONE]\n").end()  # noqa: E731
    error, shown = failure(connect, request_, script, stream=True)
    assert (error.code, shown) == ("truncated", "Hel")


@pytest.mark.parametrize("data", [["{oops"], ["{oops", "[DONE]"], ["[DONE]"]])
def test_a_stream_with_nothing_readable_is_an_error(connect, request_, framing, data):
    def script(peer):
        events = Events(peer, framing)
        for item in data:
            events.data(item)
        events.end()

    error, _ = failure(connect, request_, script, stream=True)
    assert (error.code, error.retryable) == ("relay_error", False)
    assert data[0] in error.provider_message


def test_a_stream_of_something_else_shows_its_beginning(connect, request_, framing):
    error, _ = failure(connect, request_, lambda p: Events(p, framing).raw(b"Bad gateway\n").end(), stream=True)
    assert (error.code, error.provider_message) == ("relay_error", "Bad gateway")


def test_an_endless_line_is_an_error_and_keeps_the_text_before(connect, request_, framing):
    def script(peer):
        events = Events(peer, framing).text("Hel").raw(b"data: ")
        for _ in range(20):
            events.raw(b"x" * 65536)

    error, shown = failure(connect, request_, script, stream=True)
    assert (error.code, shown) == ("interrupted", "Hel")
    assert "1048576" in error.message


def test_a_stream_without_a_content_type_is_read(connect, request_):
    wire = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
    with Upstream(lambda p: (p.send(b"HTTP/1.1 200 OK\r\n\r\n" + wire), p.close())) as upstream:
        assert next(iter(connect(upstream.url).stream(request_))) == Delta("a")
