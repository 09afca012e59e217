"""What providers tell of an answer beside its text: counts and names, some of which cannot be."""

import pytest

from assistant.relay.client import Usage

from .upstream import Upstream, completion, streamed


@pytest.mark.parametrize("where", ["first", "beside the finish reason", "in the choice"])
def test_usage_counts_wherever_it_comes(connect, request_, framing, where):
    usage = {"prompt_tokens": 7, "completion_tokens": 1}

    def write(events):
        if where == "first":
            events.data({"choices": [], "usage": usage})
        events.text("a")
        choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
        beside = {"usage": usage} if where.startswith("beside") else {}
        events.data({"choices": [{**choice, **({"usage": usage} if where.startswith("in") else {})}], **beside})
        events.data("[DONE]")

    assert streamed(connect, request_, framing, write)[-1].usage == Usage(7, 1)


def test_missing_usage_is_none(connect, request_, framing):
    assert streamed(connect, request_, framing, lambda e: e.text("a").finish().data("[DONE]"))[-1].usage is None


@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens", "cached"])
def test_a_count_that_cannot_be_is_as_none_at_all(connect, request_, framing, field):
    counts = {"prompt_tokens": 7, "completion_tokens": 1, "cached": 3} | {field: 2**31}
    usage = {**counts, "prompt_tokens_details": {"cached_tokens": counts.pop("cached")}}
    whole = {**completion("a"), "usage": usage}
    with Upstream(lambda p: p.answer(200, whole)) as upstream:
        assert connect(upstream.url).complete(request_).usage is None
    items = streamed(connect, request_, framing, lambda e: e.text("a").finish().data({"choices": [], "usage": usage}))
    assert items[-1].usage is None


def test_what_names_an_answer_is_clean_text(connect, request_, framing):
    named = {"id": "c\0", "model": "m\ud83d\0"}
    whole = {**completion("a", "stop\0"), **named}
    with Upstream(lambda p: p.answer(200, whole)) as upstream:
        answer = connect(upstream.url).complete(request_)
    assert (answer.finish_reason, answer.model) == ("stop\ufffd", "m\ufffd\ufffd")
    items = streamed(
        connect, request_, framing, lambda e: e.data({**named, "choices": []}).text("a").finish("stop\0")
    )
    end = items[-1]
    assert (end.finish_reason, end.model) == ("stop\ufffd", "m\ufffd\ufffd")
    assert answer.request_id.isprintable() and end.request_id.isprintable()


def test_names_of_models_are_clean_text(connect):
    with Upstream(lambda p: p.answer(200, {"data": [{"id": "a\0"}]})) as upstream:
        assert connect(upstream.url).models().ids == ("a\ufffd",)
