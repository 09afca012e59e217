"""One streamed answer: from an open response to deltas and an end."""

import contextlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any

from urllib3.exceptions import HTTPError

from .answers import ChunkReader
from .arriving import ArrivingBody
from .deadlines import Call
from .errors import RelayError
from .failures import Failures, reported_error
from .sse import EventDecoder, LineTooLong, ServerEvent
from .transport import ended, guarded
from .types import Deadlines, Delta, End, Pending

TAIL_SECONDS = 5.0  # for usage and [DONE] once the answer has named its finish reason
MAX_TEXT = 1_048_576  # characters of one answer
_TURN = Pending(None)
_DRAIN_SECONDS = 0.2  # for the end of the body after [DONE], so that the connection can be used again


class AnswerStream:
    """Reads one response, without waiting for it. `started` and `clock` are in seconds, for the times in the End."""

    def __init__(
        self,
        body: ArrivingBody,
        call: Call,
        deadlines: Deadlines,
        failures: Failures,
        clock: Callable[[], float],
        started: float,
        asked_format: bool,
    ) -> None:
        self._body = body
        self._headers = body.headers
        self._pending = Pending(body.fileno())
        self._call = call
        self._deadlines = deadlines
        self._failures = failures
        self._clock = clock
        self._started = started
        self._asked_format = asked_format
        self._decoder = EventDecoder()
        self._chunks = ChunkReader(failed=self._raise_reported)
        self._ttft_ms: int | None = None
        self._length = 0
        self._in_tail = False
        self._beginning = b""

    def items(self) -> Iterator[Delta | End | Pending]:
        """Deltas, then the End, and Pending after each read. Raises RelayError; whatever follows the first text is
        `after_text`."""
        try:
            yield from self._deltas()
            failure = self._flaw()
        except RelayError as error:
            failure = error
        if failure is not None:
            raise failure if self._ttft_ms is None else failure.after_text()
        yield self._end()
        yield from self._drain()

    def _deltas(self) -> Iterator[Delta | Pending]:
        while not self._body.over:
            try:
                data = self._read()
            except RelayError as error:
                if self._chunks.finish_reason and error.code != "cancelled":
                    return
                raise
            if data is None:
                yield self._pending
                continue
            for event in self._events(data):
                text, alive = self._chunks.read(event)
                if self._call.ended_by not in ("", "tail"):
                    self._raise_ended()
                if text:
                    self._count(text)
                    # A consumer that stops asking must not hold the socket for ever.
                    self._call.expect("reader", self._deadlines.silence)
                    yield Delta(text)
                if self._chunks.done:
                    return
                self._expect_more(alive)
            yield _TURN

    def _read(self) -> bytes | None:
        data = guarded(self._body.read1, self._call, self._deadlines)
        if not data:  # whoever ended the call woke us
            self._raise_ended()
        if data and len(self._beginning) < 4096:
            self._beginning += data[:4096]
        return data

    def _raise_ended(self) -> None:
        if failure := ended(self._call, self._deadlines):
            raise failure

    def _events(self, data: bytes) -> list[ServerEvent]:
        try:
            return self._decoder.feed(data)
        except LineTooLong as error:
            failure = RelayError("relay_error", f"The relay's answer cannot be read. {error}")
        raise failure

    def _count(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_TEXT:
            raise RelayError("relay_error", f"The relay's answer is longer than {MAX_TEXT} characters.")
        if self._ttft_ms is None:
            self._ttft_ms = self._elapsed_ms()

    def _expect_more(self, alive: bool) -> None:
        finishing = bool(self._chunks.finish_reason)
        if alive or finishing != self._in_tail:
            self._in_tail = finishing
            tail = min(TAIL_SECONDS, self._deadlines.silence)
            self._call.expect(*(("tail", tail) if finishing else ("silence", self._deadlines.silence)))

    def _flaw(self) -> RelayError | None:
        """What is wrong with an answer whose body has ended."""
        chunks, headers = self._chunks, self._headers
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
        chunks, headers = self._chunks, self._headers
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

    def _drain(self) -> Iterator[Pending]:
        self._call.expect("tail", _DRAIN_SECONDS)
        with contextlib.suppress(OSError, HTTPError, HTTPException):
            while not self._body.over:
                yield self._pending if self._body.read1() is None else _TURN

    def _raise_reported(self, payload: Any) -> None:
        if reported := reported_error(payload):
            raise self._failures.of_report(reported, self._headers, asked_format=self._asked_format)

    def _elapsed_ms(self) -> int:
        return round((self._clock() - self._started) * 1000)
