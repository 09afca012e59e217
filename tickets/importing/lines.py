"""Lines of a file, and records of one or more lines, with their numbers and in bounded memory."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from django.utils.translation import gettext as _

MAX_ROW = 1_000_000  # characters: a mailbox export has long letters, a file with a stray quote is one endless row
csv.field_size_limit(max(MAX_ROW, csv.field_size_limit()))


class RowTooLong(Exception):
    """`open_quote`: whether the row ends inside a quoted field, as far as its quotes tell."""

    def __init__(self, quotes: int) -> None:
        self.open_quote = quotes % 2 == 1
        super().__init__(quotes)

    def __str__(self) -> str:
        return _("The row is longer than %(limit)d characters.") % {"limit": MAX_ROW}


class Lines(Iterator[str]):
    """The physical lines of a text stream; lines can be handed back. `number` is that of the line given last."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()
        self.number = 0

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._stream.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_ROW:
            raise RowTooLong(line.count('"') + self._drop_rest(line))
        return line

    def hand_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)

    def skip_to_closing_quote(self) -> None:
        for line in self:
            if line.count('"') % 2:
                return

    def _drop_rest(self, line: str) -> int:
        quotes = 0
        while line and not line.endswith(("\n", "\r")):
            line = self._stream.readline(MAX_ROW)
            quotes += line.count('"')
        return quotes


Record = tuple[int, Any, str]  # number of the first line, what it holds, why it cannot be read ("" when it can)


def csv_records(lines: Lines, delimiter: str) -> Iterator[Record]:
    """Lists of fields. A record whose quotes do not match costs its first line only: the lines after it are read
    again, since most often they are records of their own which a stray quote has swallowed."""
    width = 0
    while True:
        taken: list[str] = []
        first = lines.number + 1
        try:
            fields = next(csv.reader(_one_record(lines, taken), delimiter=delimiter, strict=True), None)
        except RowTooLong as error:
            _step_over(lines, taken, error, delimiter, width)
            yield first, taken[:1], str(error)
        except csv.Error as error:
            lines.hand_back(taken[1:])
            yield first, taken[:1], _("The quotes of the row do not match (%(error)s).") % {"error": error}
        else:
            if fields is None:
                return
            if fields:
                width = width or len(fields)
                yield first, fields, ""


def _one_record(lines: Lines, taken: list[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        taken.append(line)
        size += len(line)
        if size > MAX_ROW:
            raise RowTooLong(sum(line.count('"') for line in taken))
        yield line


def _step_over(lines: Lines, taken: list[str], error: RowTooLong, delimiter: str, width: int) -> None:
    """Go to the next record after one that is too long: a huge field ends at its closing quote; but when the second
    line already looks like a record, a quote was never closed and only the first line is lost."""
    if len(taken) > 1 and 1 < width == len(next(csv.reader(taken[1:2], delimiter=delimiter))):
        lines.hand_back(taken[1:])
    elif error.open_quote:
        try:
            lines.skip_to_closing_quote()
        except RowTooLong:
            return


def json_records(lines: Lines) -> Iterator[Record]:
    """Dictionaries, one a line; blank lines are nothing."""
    while True:
        first = lines.number + 1
        try:
            line = next(lines, None)
            if line is None:
                return
            if not line.strip():
                continue
            value = json.loads(line, parse_constant=_refuse_constant)
        except RowTooLong as error:
            yield first, None, str(error)
        except (ValueError, RecursionError) as error:
            yield first, line, _("The line is not JSON (%(error)s).") % {"error": error}
        else:
            wrong = "" if isinstance(value, dict) else _("The line is JSON, but not an object with fields.")
            yield first, value, wrong


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
