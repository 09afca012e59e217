"""One streamed answer: from an open response to deltas and an end."""

import contextlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from .answers import ChunkReader
from .deadlines import Call
from .errors import RelayError
from .failures import Failures, reported_error
from .sse import EventDecoder, LineTooLong, ServerEvent
from .transport import ended, guarded
from .types import Deadlines, Delta, End

READ_SIZE = 65536
TAIL_SECONDS = 5.0  # for usage and [DONE] once the answer has named its finish reason
_DRAIN_SECONDS = 0.2  # for the end of the body after [DONE], so that the connection can be used again


class AnswerStream:
    """Reads one response in one thread. `started` and `clock` are in seconds, for the times in the End."""

    def __init__(
        self,
        response: BaseHTTPResponse,
        call: Call,
        deadlines: Deadlines,
        failures: Failures,
        clock: Callable[[], float],
        started: float,
        asked_format: bool,
    ) -> None:
        self._response = response
        self._call = call
        self._deadlines = deadlines
        self._failures = failures
        self._clock = clock
        self._started = started
        self._asked_format = asked_format
        self._decoder = EventDecoder()
        self._chunks = ChunkReader(failed=self._raise_reported)
        self._ttft_ms: int | None = None
        self._in_tail = False
        self._beginning = b""
        self._compressed = "content-encoding" in response.headers

    def items(self) -> Iterator[Delta | End]:
        """Deltas, then the End. Raises RelayError; whatever follows the first text is `after_text`."""
        try:
            yield from self._deltas()
            failure = self._flaw()
        except RelayError as error:
            failure = error
        if failure is not None:
            raise failure if self._ttft_ms is None else failure.after_text()
        yield self._end()
        self._drain()

    def _deltas(self) -> Iterator[Delta]:
        while data := self._read():
            for event in self._events(data):
                text, alive = self._chunks.read(event)
                if self._call.ended_by not in ("", "tail"):
                    self._raise_ended()
                if text:
                    if self._ttft_ms is None:
                        self._ttft_ms = self._elapsed_ms()
                    # A consumer that stops asking must not hold the socket for ever.
                    self._call.expect("reader", self._deadlines.silence)
                    yield Delta(text)
                if self._chunks.done:
                    return
                self._expect_more(alive)

    def _read(self) -> bytes:
        """The next bytes; b"" at the end, be it of the body or of what is left after a finish reason."""
        try:
            data = guarded(self._read1, self._call, self._deadlines)
            if not data:
                self._raise_ended()
        except RelayError as error:
            if self._chunks.finish_reason and error.code != "cancelled":
                return b""
            raise
        if len(self._beginning) < 4096:
            self._beginning += data[:4096]
        return data

    def _read1(self) -> bytes:
        return self._response.read1(READ_SIZE, decode_content=self._compressed) or b""

    def _raise_ended(self) -> None:
        if failure := ended(self._call, self._deadlines):
            raise failure

    def _events(self, data: bytes) -> list[ServerEvent]:
        try:
            return self._decoder.feed(data)
        except LineTooLong as error:
            failure = RelayError("relay_error", f"The relay's answer cannot be read. {error}")
        raise failure

    def _expect_more(self, alive: bool) -> None:
        finishing = bool(self._chunks.finish_reason)
        if alive or finishing != self._in_tail:
            self._in_tail = finishing
            tail = min(TAIL_SECONDS, self._deadlines.silence)
            self._call.expect(*(("tail", tail) if finishing else ("silence", self._deadlines.silence)))

    def _flaw(self) -> RelayError | None:
        """What is wrong with an answer whose body has ended."""
        chunks, headers = self._chunks, self._response.headers
        if not chunks.readable and (chunks.unreadable or self._beginning.strip()) and not chunks.done:
            return self._failures.of_body("something that is no stream of events", headers, self._beginning)
        if not chunks.readable:
            return self._failures.of_body("nothing that can be read", headers, self._beginning)
        if chunks.finish_reason or chunks.done:
            return None
        return RelayError(
            "truncated",
            "The relay's answer stopped without an end, so part of it may be missing. Try again.",
            request_id=self._failures.request_id(headers),
        )

    def _end(self) -> End:
        chunks, headers = self._chunks, self._response.headers
        return End(
            finish_reason=chunks.finish_reason,
            usage=chunks.usage,
            ttft_ms=self._ttft_ms,
            latency_ms=self._elapsed_ms(),
            unreadable_events=chunks.unreadable,
            request_id=self._failures.request_id(headers, chunks.id),
            model=chunks.model,
            simulated="x-simulated-relay" in headers,
        )

    def _drain(self) -> None:
        self._call.expect("tail", _DRAIN_SECONDS)
        with contextlib.suppress(OSError, HTTPError, HTTPException):
            while self._read1():
                pass

    def _raise_reported(self, payload: Any) -> None:
        if reported := reported_error(payload):
            raise self._failures.of_report(reported, self._response.headers, asked_format=self._asked_format)

    def _elapsed_ms(self) -> int:
        return round((self._clock() - self._started) * 1000)
