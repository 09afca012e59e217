"""Incremental decoder for server-sent events.

Source: WHATWG HTML, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream".
"""

import codecs
import re
from dataclasses import dataclass

MAX_LINE = 1_048_576  # characters, of one line and of the data of one event

_LINE_END = re.compile("\r\n|\n|\r")
_DIGITS = re.compile("[0-9]+")


class LineTooLong(ValueError):
    """A line, or the data of one event, went over the limit."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    data: str
    event: str = "message"
    last_event_id: str = ""


class EventDecoder:
    """Bytes in, whole events out, however the bytes are cut.

    An event is dispatched at its blank line, so what an ended stream leaves unfinished is never seen.
    `retry` is the reconnection time in ms which the stream asked for, None until it does.
    """

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self.retry: int | None = None
        self._max_line = max_line
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._at_start = True
        self._skip_lf = False
        self._tail: list[str] = []
        self._tail_length = 0
        self._data: list[str] = []
        self._data_length = 0
        self._event = ""
        self._last_event_id = ""

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """Events completed by `chunk`. Raises LineTooLong."""
        lines = self._lines(self._decoder.decode(chunk))
        return [event for line in lines if (event := self._interpret(line)) is not None]

    def _lines(self, text: str) -> list[str]:
        if text and self._at_start:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        if text and self._skip_lf:
            # The CR before it has already ended the line; waiting for a LF would hold the event back.
            self._skip_lf = False
            text = text.removeprefix("\n")
        if not text:
            return []
        self._skip_lf = text.endswith("\r")
        *lines, tail = _LINE_END.split(text)
        if lines:
            lines[0] = "".join([*self._tail, lines[0]])
            self._tail, self._tail_length = [], 0
        self._tail.append(tail)
        self._tail_length += len(tail)
        if self._tail_length > self._max_line or (lines and max(map(len, lines)) > self._max_line):
            raise LineTooLong(f"A line of the event stream is longer than {self._max_line} characters.")
        return lines

    def _interpret(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._data_length += len(value) + 1
            if self._data_length > self._max_line:
                raise LineTooLong(f"The data of one event is longer than {self._max_line} characters.")
        elif field == "event":
            self._event = value
        elif field == "id" and "\0" not in value:
            self._last_event_id = value
        elif field == "retry" and _DIGITS.fullmatch(value) and len(value) < 19:
            self.retry = int(value)
        return None

    def _dispatch(self) -> ServerEvent | None:
        data, event = self._data, self._event
        self._data, self._data_length, self._event = [], 0, ""
        if not data:
            return None
        return ServerEvent("\n".join(data), event or "message", self._last_event_id)
