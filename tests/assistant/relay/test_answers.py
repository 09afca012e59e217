"""Good answers, whole and streamed, from providers that each do it a little differently."""

import gzip
import json

import pytest

from assistant.relay.client import Delta, End, Usage

from .upstream import Events, Upstream, completion, streamed, text_of


def test_a_whole_answer(connect, request_):
    with Upstream(
        lambda p: p.answer(200, completion("Grüezi 🐑"), x_request_id="req-7", x_simulated_relay="1")
    ) as up:
        answer = connect(up.url).complete(request_)
    assert (answer.text, answer.finish_reason, answer.model) == ("Grüezi 🐑", "stop", "gpt-4.1")
    assert answer.usage == Usage(9, 3, 4)
    assert answer.request_id == "req-7"
    assert answer.simulated
    assert answer.latency_ms >= 0


def test_what_is_sent(connect, request_):
    with Upstream(lambda p: p.answer(200, completion())) as upstream:
        connect(upstream.url).complete(request_)
        list_error = connect(upstream.url).stream(request_)
        with pytest.raises(Exception, match="instead of a stream"):
            list(list_error)
        plain, stream = upstream.peers
    assert plain.head.startswith("POST /v1/chat/completions HTTP/1.1")
    assert plain.header("authorization") == "Bearer sk-very-secret-key-0123456789"
    assert plain.header("accept") == "application/json"
    assert plain.header("accept-encoding") == stream.header("accept-encoding") == "identity"
    assert plain.json() == {
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "Grüße, 你好"}],
        "temperature": 0.3,
        "max_tokens": 100,
    }
    assert stream.header("accept") == "text/event-stream"
    assert stream.json() == {**plain.json(), "stream": True, "stream_options": {"include_usage": True}}


def test_text_that_is_no_unicode_can_still_be_sent(connect, request_):
    broken = type(request_)("m", ({"role": "user", "content": "half \ud83d"},), 0.0, 1)
    with Upstream(lambda p: p.answer(200, completion())) as upstream:
        connect(upstream.url).complete(broken)
        assert upstream.peers[0].json()["messages"][0]["content"] == "half ?"


def test_the_environment_is_not_asked(connect, request_, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Upstream(lambda p: p.answer(200, completion())) as upstream:
        assert connect(upstream.url).complete(request_).text == "Hello"


def test_cookies_are_not_kept(connect, request_):
    with Upstream(lambda p: p.answer(200, completion(), set_cookie="a=b; Path=/")) as upstream:
        client = connect(upstream.url)
        client.complete(request_)
        client.complete(request_)
        assert upstream.peers[1].header("cookie") == ""


def test_connections_are_used_again_after_answers_streams_and_errors(connect, request_):
    def stream(peer):
        Events(peer, "chunked").text("a").finish().done()

    with Upstream(
        lambda p: p.answer(200, completion()), stream, lambda p: p.answer(500, {"error": {"message": "no"}}), stream
    ) as upstream:
        client = connect(upstream.url)
        client.complete(request_)
        list(client.stream(request_))
        with pytest.raises(Exception, match="no"):
            client.complete(request_)
        list(client.stream(request_))
        assert upstream.connections == 1


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"usage": None}, None),
        ({"usage": {}}, None),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 2}}, Usage(5, 2)),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3}}, Usage(5, 2, 3)),
        ({"usage": {"prompt_tokens": 5, "completion_tokens": None}}, Usage(5, 0)),
        ({"usage": {"prompt_tokens": "5", "completion_tokens": -2}}, Usage(0, 0)),
        ({"usage": None, "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}}, Usage(5, 2)),
    ],
)
def test_usage_is_found_or_none(connect, request_, usage, expected):
    with Upstream(lambda p: p.answer(200, completion(**usage))) as upstream:
        assert connect(upstream.url).complete(request_).usage == expected


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "ab"),
        ("\ud83d\udc11 \ud83d \0", "🐑 \ufffd \ufffd"),
    ],
)
def test_content_of_every_kind_becomes_clean_text(connect, request_, content, text):
    with Upstream(lambda p: p.answer(200, completion(content))) as upstream:
        assert connect(upstream.url).complete(request_).text == text


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_answer_cut_off_or_blocked_says_so(connect, request_, framing, finish):
    with Upstream(lambda p: p.answer(200, completion(None, finish))) as upstream:
        answer = connect(upstream.url).complete(request_)
    assert (answer.text, answer.finish_reason) == ("", finish)
    items = streamed(connect, request_, framing, lambda e: e.text("par").finish(finish))
    assert (text_of(items), items[-1].finish_reason) == ("par", finish)


def test_a_compressed_answer_is_read_though_none_was_asked_for(connect, request_):
    body = gzip.compress(json.dumps(completion("squeezed")).encode())
    with Upstream(lambda p: p.answer(200, body, content_encoding="gzip")) as upstream:
        assert connect(upstream.url).complete(request_).text == "squeezed"


def test_models(connect):
    with Upstream(lambda p: p.answer(200, {"object": "list", "data": [{"id": "a"}, {"id": "b"}, 3, {}]})) as upstream:
        models = connect(upstream.url).models()
        assert upstream.peers[0].head.startswith("GET /v1/models ")
    assert models.ids == ("a", "b")
    assert not models.simulated


def test_a_streamed_answer(connect, request_, framing):
    def write(events):
        events.data({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}], "model": "gpt-4.1-x"})
        events.text("Hel").text("lo").finish()
        events.data({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}, "id": "c-1"})
        events.data("[DONE]")

    items = streamed(connect, request_, framing, write)
    assert items[:2] == [Delta("Hel"), Delta("lo")]
    end = items[2]
    assert isinstance(end, End)
    assert (end.finish_reason, end.usage, end.model, end.request_id) == ("stop", Usage(9, 2), "gpt-4.1-x", "c-1")
    assert (end.unreadable_events, end.simulated) == (0, False)
    assert 0 <= end.ttft_ms <= end.latency_ms


def test_times_come_from_the_clock_given(connect, request_, framing):
    ticks = iter([10.0, 10.25, 11.5])
    items = streamed(
        connect, request_, framing, lambda e: e.text("a").finish().data("[DONE]"), clock=lambda: next(ticks)
    )
    assert (items[-1].ttft_ms, items[-1].latency_ms) == (250, 1500)


SILENT = {
    "no choices": {"choices": []},
    "null choices": {"choices": None},
    "choices left out": {"id": "x"},
    "null choice": {"choices": [None]},
    "role only": {"choices": [{"index": 0, "delta": {"role": "assistant"}}]},
    "null content": {"choices": [{"index": 0, "delta": {"content": None}}]},
    "empty content": {"choices": [{"index": 0, "delta": {"content": ""}}]},
    "null delta": {"choices": [{"index": 0, "delta": None}]},
    "reasoning": {"choices": [{"index": 0, "delta": {"reasoning_content": "hm", "content": None}}]},
    "tool call": {"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]},
    "another choice": {"choices": [{"index": 1, "delta": {"content": "other"}}]},
    "null error": {"choices": [], "error": None},
}


@pytest.mark.parametrize("payload", SILENT.values(), ids=SILENT)
def test_only_content_is_emitted(connect, request_, framing, payload):
    items = streamed(
        connect, request_, framing, lambda e: e.data(payload).text("a").data(payload).finish().data("[DONE]")
    )
    assert items[:-1] == [Delta("a")]
    assert items[-1].unreadable_events == 0


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_the_wire_in_all_its_shapes(connect, request_, framing, newline):
    lines = [
        "\ufeff: warming up",
        "",
        'data:{"choices":[{"delta":{"content":"é"}}]}',
        "",
        "event: message",
        "id: 4",
        'data: {"choices":[{"delta":',
        'data: {"content":"🐑"}}]}',
        "",
        "data:",
        "",
        'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}',
        "",
        "data: [DONE] ",
        "",
        "",
    ]
    wire = newline.join(line.encode() for line in lines)

    def bytewise(events):
        for byte in wire:
            events.raw(bytes([byte]))

    items = streamed(connect, request_, framing, bytewise)
    assert text_of(items) == "é🐑"
    assert items[-1].unreadable_events == 0


def test_an_emoji_cut_between_two_chunks_is_joined(connect, request_, framing):
    items = streamed(connect, request_, framing, lambda e: e.text("a\ud83d").text("\udc11b").finish())
    assert text_of(items) == "a🐑b"


def test_done_without_a_finish_reason_is_an_end(connect, request_, framing):
    items = streamed(connect, request_, framing, lambda e: e.text("a").data("[DONE]"))
    assert items[-1].finish_reason == ""


def test_a_finish_reason_without_done_is_an_end(connect, request_, framing):
    assert streamed(connect, request_, framing, lambda e: e.text("a").finish())[-1].finish_reason == "stop"


def test_a_connection_dropped_after_the_finish_reason_costs_nothing(connect, request_, framing):
    with Upstream(lambda p: Events(p, framing).text("a").finish().drop()) as upstream:
        items = list(connect(upstream.url).stream(request_))
    assert text_of(items) == "a"
    assert items[-1].finish_reason == "stop"


def test_unreadable_events_are_skipped_and_counted(connect, request_, framing):
    deep = "[" * 100_000
    items = streamed(
        connect, request_, framing, lambda e: e.text("a").data("{oops").data(deep).data("3").text("b").finish()
    )
    assert text_of(items) == "ab"
    assert items[-1].unreadable_events == 3


def test_the_end_is_handed_out_before_the_body_is_over(connect, request_, framing):
    with Upstream(lambda p: (Events(p, framing).text("a").data("[DONE]"), p.wait_until_gone())) as upstream:
        items = connect(upstream.url).stream(request_)
        assert next(items) == Delta("a")
        assert isinstance(next(items), End)
        assert list(items) == []
        upstream.wait_for_open(0)
