"""A streamed answer is whole, and its connection used again where it can be, however the relay frames and ends it."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from assistant.relay import streaming
from assistant.relay.client import Cancel, Delta, RelayError

from .upstream import Events, Upstream, completion, head

WORDS = [f"word {number} " for number in range(400)]
BODY = b"".join(
    b"data: %s\n\n" % data.encode()
    for data in (
        *(json.dumps({"choices": [{"index": 0, "delta": {"content": word}}]}) for word in WORDS),
        '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}',
        "[DONE]",
    )
)
CHUNKED = {"transfer_encoding": "chunked"}


def answer(body=BODY, more=b"", **headers):
    def script(peer):
        peer.send(head(200, {"content_type": "text/event-stream", **headers}) + body + more)
        if not {"transfer_encoding", "content_length"} & headers.keys():
            peer.close()

    return script


def chunked(body, trailer=b""):
    pieces = [body[at : at + 777] for at in range(0, len(body), 777)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailer + b"\r\n"


def deflated_bare(body):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def text_of(items):
    return "".join(item.text for item in items if isinstance(item, Delta))


@pytest.mark.parametrize(
    ("script", "connections"),
    [
        pytest.param(answer(chunked(BODY), **CHUNKED), 1, id="chunks"),
        pytest.param(answer(chunked(BODY, trailer=b"X-Sum: 1\r\n"), **CHUNKED), 1, id="chunks and a trailer"),
        pytest.param(answer(content_length=str(len(BODY))), 1, id="a length"),
        pytest.param(answer(connection="close"), 2, id="until the end of the connection"),
        pytest.param(answer(chunked(BODY), more=b"rubbish", **CHUNKED), 2, id="rubbish after the chunks"),
        pytest.param(answer(more=b"rubbish", content_length=str(len(BODY))), 2, id="rubbish after the length"),
        pytest.param(answer(chunked(BODY), connection="close", **CHUNKED), 2, id="chunks and close"),
    ],
)
def test_an_answer_is_whole_and_its_connection_used_again_where_it_can_be(connect, request_, script, connections):
    with Upstream(script) as upstream:
        client = connect(upstream.url)
        for _ in range(2):
            assert text_of(client.stream(request_)) == "".join(WORDS)
        assert upstream.connections == connections


def test_a_connection_that_sent_more_than_an_empty_body_is_not_used_again(connect, request_):
    with Upstream(answer(b"", more=b"rubbish", content_length="0")) as upstream:
        client = connect(upstream.url)
        for _ in range(2):
            with pytest.raises(RelayError, match="nothing that can be read"):
                list(client.stream(request_))
        assert upstream.connections == 2


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:5000]) + gzip.compress(BODY[5000:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", deflated_bare(BODY)),
    ],
    ids=["gzip", "gzip in two members", "deflate", "deflate without a header"],
)
def test_a_compressed_stream_is_read_though_none_was_asked_for(connect, request_, encoding, packed):
    with Upstream(answer(chunked(packed), content_encoding=encoding, **CHUNKED)) as upstream:
        assert text_of(connect(upstream.url).stream(request_)) == "".join(WORDS)


def test_a_call_is_over_before_its_connection_is_another_s(connect, request_):
    """Else a deadline that passes, or a person who cancels, in that moment would end the other call."""

    def either(peer):
        if peer.json().get("stream"):
            Events(peer, "chunked").text("Hello").finish().done()
        else:
            peer.answer(200, completion())

    class AsksAtTheEnd(Cancel):
        def discard(self, call):
            super().discard(call)
            client.complete(request_)

    with Upstream(either) as upstream:
        client = connect(upstream.url)
        assert text_of(client.stream(request_, AsksAtTheEnd())) == "Hello"
        assert upstream.connections == 2


def test_an_answer_without_end_is_stopped(connect, request_, monkeypatch):
    monkeypatch.setattr(streaming, "MAX_TEXT", len("".join(WORDS)) - 1)
    with Upstream(answer(chunked(BODY), **CHUNKED)) as upstream:
        items = connect(upstream.url).stream(request_)
        with pytest.raises(RelayError, match="is longer than") as caught:
            list(items)
    assert caught.value.code == "interrupted"
