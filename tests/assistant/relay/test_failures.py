"""The rows of the failure table about statuses and bodies, over a real socket."""

import json
import time
from email.utils import formatdate

import pytest

from assistant.relay import bodies

from .failing import failure
from .upstream import head

HTML = "<!DOCTYPE html><html><body><h1>Welcome to nginx</h1></body></html>" + "x" * 500


STATUSES = [
    # status, code, retryable, stops_run
    (400, "bad_request", False, False),
    (401, "invalid_key", False, True),
    (402, "relay_error", False, True),
    (403, "invalid_key", False, True),
    (404, "not_found", False, True),
    (408, "timeout", True, False),
    (409, "relay_error", True, False),
    (413, "bad_request", False, False),
    (422, "bad_request", False, False),
    (429, "rate_limited", True, False),
    (500, "relay_error", True, False),
    (502, "relay_error", True, False),
    (503, "relay_error", True, False),
    (504, "timeout", True, False),
    (529, "relay_error", True, False),
]


@pytest.mark.parametrize(("status", "code", "retryable", "stops_run"), STATUSES)
def test_each_status_has_its_meaning_and_keeps_the_providers_words(fails, status, code, retryable, stops_run):
    error = fails(lambda p: p.answer(status, {"error": {"message": "Something is odd."}}, x_request_id="req-9"))
    assert (error.code, error.retryable, error.stops_run) == (code, retryable, stops_run)
    assert error.status == status
    assert error.provider_message == "Something is odd."
    assert error.message.endswith("Something is odd.")
    assert error.request_id == "req-9"
    assert not error.text_shown


SHAPES = {
    "OpenAI": {"error": {"message": "Too bad", "type": "invalid_request_error", "param": None, "code": None}},
    "error as text": {"error": "Too bad"},
    "old vLLM": {"object": "error", "message": "Too bad", "type": "BadRequestError", "param": None, "code": 400},
    "message alone": {"message": "Too bad"},
    "FastAPI": {"detail": "Too bad"},
    "FastAPI validation": {"detail": [{"loc": ["body", "messages"], "msg": "Too bad", "type": "missing"}]},
    "Gemini's list": [{"error": {"code": 400, "message": "Too bad", "status": "INVALID_ARGUMENT"}}],
    "JSON text": json.dumps("Too bad"),
    "plain text": "Too bad",
    "spread over lines": "Too\r\n\t bad\n",
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_the_providers_words_are_found_in_every_shape(fails, body):
    assert fails(lambda p: p.answer(400, body)).provider_message == "Too bad"


def test_words_without_end_are_cut(fails):
    assert len(fails(lambda p: p.answer(400, "x" * 10_000)).provider_message) == 500


def test_an_error_without_a_body_still_has_its_status(fails):
    error = fails(lambda p: p.answer(503, ""))
    assert (error.status, error.provider_message) == (503, "")


def test_an_error_whose_body_breaks_off_still_has_its_status(fails):
    def script(peer):
        peer.send(head(429, {"content_length": "5000", "retry_after": "7"}) + b'{"error": ')
        peer.close()

    error = fails(script)
    assert (error.code, error.retry_after) == ("rate_limited", 7.0)


QUOTA = [
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
    (402, {"error": {"message": "Payment required"}}),
    (400, {"error": {"message": "Insufficient Balance"}}),
    (403, {"error": {"message": "user quota is not enough", "type": "new_api_error"}}),
    (200, {"error": {"message": "Insufficient credits", "code": 402}}),
]


@pytest.mark.parametrize(("status", "body"), QUOTA)
def test_an_exhausted_quota_is_final(fails, status, body):
    error = fails(lambda p: p.answer(status, body))
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", False, True)
    assert "Top it up" in error.message
    assert error.provider_message == body["error"]["message"]


UNKNOWN = [
    (
        404,
        {
            "error": {
                "message": "The model `gpt-9` does not exist or you do not have access",
                "code": "model_not_found",
            }
        },
    ),
    (404, {"object": "error", "message": "The model `gpt-9` does not exist.", "type": "NotFoundError", "code": 404}),
    (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}),
    (503, {"error": {"message": "No available channel for model gpt-9 under group default", "code": ""}}),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_an_unknown_model_is_final(fails, status, body):
    error = fails(lambda p: p.answer(status, body))
    assert (error.code, error.retryable, error.stops_run) == ("unknown_model", False, True)


def test_a_content_filter_that_refuses_the_request_blocks(fails):
    error = fails(lambda p: p.answer(400, {"error": {"message": "filtered", "code": "content_filter"}}))
    assert (error.code, error.retryable, error.stops_run) == ("blocked", False, False)


HINTS = [
    ({"retry_after": "2"}, 2.0),
    ({"retry_after": "1.5"}, 1.5),
    ({"retry_after": "0"}, 0.0),
    ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
    ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
    ({"llm_provider_retry_after": "11"}, None),
    ({"retry_after": "-5"}, None),
    ({"retry_after": "nan"}, None),
    ({"retry_after": "soon"}, None),
    ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ({"retry_after": "600"}, 600.0),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), HINTS)
def test_the_hint_when_to_ask_again_is_read(fails, headers, seconds):
    if "llm_provider_retry_after" in headers:  # its underscore is part of the name
        headers, seconds = {"llm_provider-retry-after": "11"}, 11.0
        raw = b"HTTP/1.1 429 X\r\nllm_provider-retry-after: 11\r\ncontent-length: 0\r\n\r\n"
        assert fails(lambda p: p.send(raw)).retry_after == seconds
    else:
        assert fails(lambda p: p.answer(429, "slow down", **headers)).retry_after == seconds


def test_a_date_as_hint_counts_from_now(fails):
    error = fails(lambda p: p.answer(503, "", retry_after=formatdate(time.time() + 30, usegmt=True)))
    assert 25 < error.retry_after <= 30


@pytest.mark.parametrize(
    ("status", "told", "retryable"), [(500, "false", False), (400, "true", True), (500, "x", True)]
)
def test_x_should_retry_is_obeyed(fails, status, told, retryable):
    assert fails(lambda p: p.answer(status, "no", x_should_retry=told)).retryable is retryable


FORMAT_REFUSALS = [
    (400, {"error": {"message": "This response_format type is unavailable now"}}, True),
    (422, {"detail": [{"loc": ["body", "response_format"], "msg": "json_schema is not supported"}]}, True),
    (500, {"error": {"message": "response_format: unsupported"}}, True),
    (400, {"error": {"message": "Unsupported value", "param": "response_format"}}, True),
    (400, {"error": {"message": "temperature is too high"}}, False),
    (429, {"error": {"message": "response_format costs extra"}}, False),
]


@pytest.mark.parametrize(("status", "body", "unsupported"), FORMAT_REFUSALS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_response_format_is_told_apart(connect, request_, status, body, unsupported, stream):
    asked = type(request_)(
        request_.model, request_.messages, 0.0, 9, response_format={"type": "json_schema", "json_schema": {}}
    )
    error, _ = failure(connect, asked, lambda p: p.answer(status, body), stream=stream)
    assert error.unsupported_format is unsupported
    assert not (unsupported and (error.retryable or error.stops_run))
    error, _ = failure(connect, request_, lambda p: p.answer(status, body), stream=stream)
    assert not error.unsupported_format


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fails, status):
    error = fails(lambda p: p.answer(status, "moved", location="https://elsewhere.example/v1"))
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", False, True)
    assert "https://elsewhere.example/v1" in error.message
    assert "RELAY_BASE_URL" in error.message


def test_a_redirect_whose_body_never_ends_is_reported_all_the_same(connect, request_):
    def script(peer):
        peer.send(head(302, {"location": "/login", "content_length": "1000000"}) + b"x" * 100_000)
        peer.wait_until_gone()

    error, _ = failure(connect, request_, script)
    assert "/login" in error.message


def test_a_page_of_html_shows_its_beginning(fails):
    error = fails(lambda p: p.answer(200, HTML, content_type="text/html; charset=utf-8"))
    assert (error.code, error.retryable, error.stops_run) == ("relay_error", False, True)
    assert "a page of HTML" in error.message
    assert error.provider_message.startswith("<!DOCTYPE html><html><body><h1>Welcome to nginx")
    assert len(error.provider_message) == 200


@pytest.mark.parametrize(("status", "stops_run"), [(403, True), (404, True), (400, True), (502, False), (429, False)])
def test_a_page_of_html_with_an_error_status_stops_a_run_unless_it_may_pass(fails, status, stops_run):
    error = fails(lambda p: p.answer(status, HTML, content_type="text/html"))
    assert (error.stops_run, error.retryable) == (stops_run, not stops_run)
    assert len(error.provider_message) == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "image/png"])
def test_a_wrong_content_type_is_an_error_with_the_beginning(fails, content_type):
    error = fails(lambda p: p.answer(200, "Hello there", content_type=content_type))
    assert (error.code, error.retryable) == ("relay_error", False)
    assert content_type in error.message
    assert error.provider_message == "Hello there"


@pytest.mark.parametrize("body", ["", "  \n"])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_an_empty_body_is_an_error(fails, body, content_type):
    error = fails(lambda p: p.answer(200, body, content_type=content_type))
    assert (error.code, error.retryable) == ("relay_error", False)


@pytest.mark.parametrize(
    "body", ['{"choices": [', "[1]", "null", "\ufeff{}", '{"choices": []}', '{"choices": null}', "{}"]
)
def test_json_without_an_answer_is_an_error_with_the_beginning(connect, request_, body):
    error, _ = failure(connect, request_, lambda p: p.answer(200, body))
    assert (error.code, error.retryable) == ("relay_error", False)
    assert error.provider_message


def test_a_body_too_large_is_an_error(connect, request_, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_BODY", 100_000)
    error, _ = failure(connect, request_, lambda p: p.answer(200, "x" * 100_001))
    assert "more than 100000 bytes" in error.message
