"""Where a body ends and what of it is content, however its bytes are cut; the reference is http.client."""

from __future__ import annotations

import contextlib
import io
from http.client import HTTPException, HTTPResponse, IncompleteRead

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.relay.framing import BodyDecoder

CHUNKS = st.lists(st.binary(min_size=1, max_size=50), max_size=6)
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=8)


class Wire:
    """As much of a socket as http.client asks for."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_):
        return io.BytesIO(self._data)


def chunked(chunks, line_end=b"\r\n", extension=b"", trailer=b""):
    body = b"".join(b"%x%s%s%s%s" % (len(c), extension, line_end, c, line_end) for c in chunks)
    return body + b"0" + line_end + trailer + line_end


def by_http_client(head, body):
    response = HTTPResponse(Wire(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body))
    response.begin()
    return response.read()


def feed(decoder, data, cuts):
    content, at = b"", 0
    while at < len(data):
        size = cuts[at % len(cuts)]
        content += decoder.feed(data[at : at + size])
        at += size
    return content


@given(CHUNKS, CUTS, st.sampled_from([b"", b";a=b", b" "]), st.sampled_from([b"", b"X-Sum: 1\r\n"]))
def test_chunks_are_read_as_http_client_reads_them_wherever_they_are_cut(chunks, cuts, extension, trailer):
    body = chunked(chunks, extension=extension, trailer=trailer)
    decoder = BodyDecoder(chunked=True, length=None)
    content = feed(decoder, body, cuts)
    assert content == by_http_client(b"transfer-encoding: chunked", body) == b"".join(chunks)
    assert decoder.done and decoder.left_over == b""


@given(CHUNKS, CUTS, st.binary(max_size=20))
def test_what_follows_the_body_is_left_over_and_no_content(chunks, cuts, more):
    for body, decoder in (
        (chunked(chunks), BodyDecoder(chunked=True, length=None)),
        (b"".join(chunks), BodyDecoder(chunked=False, length=len(b"".join(chunks)))),
    ):
        assert decoder.feed(body + more) == b"".join(chunks)
        assert decoder.done
        assert decoder.left_over == more or not body  # a body of no bytes is done before any come


@given(CHUNKS, CUTS, st.data())
def test_a_body_that_is_cut_short_is_never_taken_for_whole(chunks, cuts, data):
    body = chunked([*chunks, b"last"])
    cut = data.draw(st.integers(0, len(body) - 1))
    decoder = BodyDecoder(chunked=True, length=None)
    content = feed(decoder, body[:cut], cuts)
    assert b"".join([*chunks, b"last"]).startswith(content)
    assert not decoder.done
    with pytest.raises(IncompleteRead):
        decoder.end()


@given(st.binary(max_size=80), CUTS)
def test_rubbish_is_read_or_refused_but_never_loops(body, cuts):
    decoder = BodyDecoder(chunked=True, length=None)
    with contextlib.suppress(HTTPException):
        assert len(feed(decoder, body, cuts)) <= len(body)


@pytest.mark.parametrize("size", [b"", b"0x10", b"-1", b"+5", b"1_0", b"zz", b"f" * 16])
def test_a_size_that_is_no_hexadecimal_number_is_refused(size):
    with pytest.raises(HTTPException):
        BodyDecoder(chunked=True, length=None).feed(size + b"\r\nhello\r\n")


def test_a_chunk_longer_than_it_says_and_an_endless_line_are_refused():
    with pytest.raises(HTTPException):
        BodyDecoder(chunked=True, length=None).feed(b"2\r\nabc\r\n")
    with pytest.raises(HTTPException):
        BodyDecoder(chunked=True, length=None).feed(b"1" * 70_000)


def test_a_body_without_length_ends_with_its_connection():
    decoder = BodyDecoder(chunked=False, length=None)
    assert decoder.feed(b"all ") + decoder.feed(b"there is") == b"all there is"
    assert not decoder.done
    decoder.end()
    assert decoder.done
