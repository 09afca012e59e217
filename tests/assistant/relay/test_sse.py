"""The decoder against the WHATWG event-stream rules, however the bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.relay.sse import EventDecoder, LineTooLong, ServerEvent


def e(data, event="message", last_event_id=""):
    return ServerEvent(data, event, last_event_id)


VECTORS = {
    "one event": (b"data: a\n\n", [e("a")]),
    "data without a space": (b"data:a\n\n", [e("a")]),
    "only one space is taken off": (b"data:  a\n\n", [e(" a")]),
    "a tab is not a space": (b"data:\ta\n\n", [e("\ta")]),
    "trailing spaces stay": (b"data: a \n\n", [e("a ")]),
    "data of several lines": (b"data: a\ndata: b\ndata: c\n\n", [e("a\nb\nc")]),
    "data with no colon is an empty line": (b"data\ndata\n\n", [e("\n")]),
    "empty data is an event": (b"data:\n\ndata\ndata\n\ndata:test\n\n", [e(""), e("\n"), e("test")]),
    "two events": (b"data: a\n\ndata: b\n\n", [e("a"), e("b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [e("a"), e("b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [e("a"), e("b")]),
    "line ends mixed": (b"data:test\r\ndata\ndata:test\r\n\r", [e("test\n\ntest")]),
    "LF then CRLF": (b"data: a\n\r\n", [e("a")]),
    "CR then CRLF": (b"data: a\r\r\ndata: b\n\n", [e("a"), e("b")]),
    "CRLF CRLF is one blank line": (b"data: a\r\n\r\n\r\ndata: b\n\n", [e("a"), e("b")]),
    "blank lines before and between": (b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [e("a"), e("b")]),
    "nothing at all": (b"", []),
    "blank lines alone": (b"\n\r\n\r", []),
    "comment": (b": ping\n\ndata: a\n\n", [e("a")]),
    "comment within an event": (b"data: a\n: ping\ndata: b\n\n", [e("a\nb")]),
    "a lone colon": (b":\n:\n\n", []),
    "comments with every line end": (
        b"data:1\r:\0\n:\r\ndata:2\n:" + b"x" * 2048 + b"\rdata:3\n:data:fail\r:xx\ndata:4\n\n",
        [e("1\n2\n3\n4")],
    ),
    "BOM": (b"\xef\xbb\xbfdata: a\n\n", [e("a")]),
    "BOM only at the very start": (b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n", [e("1"), e("3")]),
    "only one BOM": (b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\n", [e("2")]),
    "half a BOM is no BOM": (b"\xef\xbbdata:1\n\ndata:2\n\n", [e("2")]),
    "BOM inside data stays": (b"data: \xef\xbb\xbfa\n\n", [e("\ufeffa")]),
    "UTF-8": ("data: ok… 你好 🐑\n\n".encode(), [e("ok… 你好 🐑")]),
    "invalid UTF-8 is replaced": (b"data: a\xffb\xe4\xbd\n\n", [e("a\ufffdb\ufffd")]),
    "other line separators are text": (
        "data: a\u2028b\u0085c\vd\fe\u001ef\n\n".encode(),
        [e("a\u2028b\u0085c\vd\fe\u001ef")],
    ),
    "event name": (b"event: error\ndata: a\n\ndata: b\n\n", [e("a", "error"), e("b")]),
    "last event name counts": (b"event: a\nevent: b\ndata: x\n\n", [e("x", "b")]),
    "empty event name is message": (b"event: a\nevent:\ndata: x\n\n", [e("x")]),
    "event name without data is forgotten": (b"event: a\n\ndata: x\n\n", [e("x")]),
    "id stays": (b"id: 1\ndata: a\n\ndata: b\n\n", [e("a", last_event_id="1"), e("b", last_event_id="1")]),
    "empty id resets": (b"id: 1\ndata: a\n\nid\ndata: b\n\n", [e("a", last_event_id="1"), e("b")]),
    "id with NUL is ignored": (b"id: 1\nid: 2\x002\ndata: a\n\n", [e("a", last_event_id="1")]),
    "id without data counts later": (b"id: 7\n\ndata: a\n\n", [e("a", last_event_id="7")]),
    "retry is no data": (b"retry: 1000\n\ndata: a\n\n", [e("a")]),
    "unknown fields are ignored": (b"foo: bar\ndata: a\nbaz\n\n", [e("a")]),
    "field names are exact": (
        b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\n"
        b"da-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        [e("\0\n 2\n1\n3\n\n4")],
    ),
    "a space before the colon makes another field": (b"data : a\n\ndata: b\n\n", [e("b")]),
    "a leading space makes another field": (b" data: a\n\ndata: b\n\n", [e("b")]),
    "colons in the value": (b"data: a: b: c\n\n", [e("a: b: c")]),
    "a value that is a colon": (b"data::\n\n", [e(":")]),
    "an unfinished event is not dispatched": (b"data: a\n\ndata: b\n", [e("a")]),
    "an unfinished line is not dispatched": (b"data: a\n\ndata: b", [e("a")]),
    "one line end is not a blank line": (b"data: a\r\n", []),
    "JSON as relays send it": (b'data: {"a": "b\\n\\nc"}\n\ndata: [DONE]\n\n', [e('{"a": "b\\n\\nc"}'), e("[DONE]")]),
}


def decode(*chunks):
    decoder = EventDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def test_there_are_enough_vectors():
    assert len(VECTORS) >= 40


@pytest.mark.parametrize(("stream", "events"), VECTORS.values(), ids=VECTORS)
def test_a_stream_is_decoded_whole_and_however_it_is_cut(stream, events):
    assert decode(stream) == events
    assert decode(*(bytes([byte]) for byte in stream)) == events
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], stream[cut:]) == events, cut


pieces = st.sampled_from(
    [
        "data",
        "event",
        "id",
        "retry",
        ":",
        " ",
        "\r",
        "\n",
        "\r\n",
        "\n\n",
        "a",
        "你",
        "🐑",
        "\ufeff",
        "\0",
        "x: y",
        "7",
    ]
)


@given(st.data(), st.lists(pieces, max_size=60).map("".join))
def test_any_cutting_of_any_stream_gives_the_same_events(data, text):
    stream = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert decode(*chunks) == decode(stream)


def plain_reading(stream):
    """The rules of the specification once more, as plainly as they can be written, over the whole text."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events, buffer, name, last_id = [], None, "", ""
    for line in text.split("\n")[:-1]:
        field, _colon, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            if buffer is not None:
                events.append(e(buffer[:-1], name or "message", last_id))
            buffer, name = None, ""
        elif field == "data":
            buffer = (buffer or "") + value + "\n"
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            last_id = value
    return events


@given(st.lists(pieces, max_size=60).map("".join))
def test_the_decoder_agrees_with_a_plain_reading_of_the_rules(text):
    assert decode(text.encode()) == plain_reading(text.encode())


@given(st.binary(max_size=80), st.integers(1, 7))
def test_arbitrary_bytes_never_break_it(stream, size):
    assert decode(*(stream[i : i + size] for i in range(0, len(stream), size))) == plain_reading(stream)


@pytest.mark.parametrize(("line", "retry"), [(b"retry: 3000", 3000), (b"retry:-1", None), (b"retry: 3s", None)])
def test_retry_takes_digits_alone(line, retry):
    decoder = EventDecoder()
    decoder.feed(line + b"\n\n")
    assert decoder.retry == retry


def test_an_event_is_dispatched_at_its_blank_line_and_not_later():
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [e("a")]
    assert decoder.feed(b"\ndata: b\n") == []
    assert decoder.feed(b"\n") == [e("b")]


def test_an_endless_line_is_an_error():
    decoder = EventDecoder(max_line=100)
    decoder.feed(b"data: " + b"x" * 94)
    with pytest.raises(LineTooLong):
        decoder.feed(b"x")


def test_endless_data_of_one_event_is_an_error():
    decoder = EventDecoder(max_line=100)
    with pytest.raises(LineTooLong):
        decoder.feed(b"data: 1234567890\n" * 10)
