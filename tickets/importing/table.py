"""A file of rows with named columns: CSV or one JSON object a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from tickets.importing.encodings import encoding_of
from tickets.importing.errors import ImportRefused
from tickets.importing.lines import Lines, Record, RowTooLong, csv_records, json_records

SAMPLE = 1000  # JSON rows looked at to learn which columns there are


@dataclass(frozen=True)
class RawRow:
    """`line` is that of its beginning; `values` by column; `error` says why it cannot be read, and `text` is then
    what could be made out."""

    line: int
    values: Mapping[str, Any]
    error: str = ""
    text: Any = None


class Table:
    """Opens `path` and learns its columns.

    Raises:
        ImportRefused: there is no such file, it cannot be read as text, or there is nothing in it.
    """

    def __init__(self, path: Path, encoding: str = "") -> None:
        self.path = path
        self._file: BinaryIO | None = None
        try:
            self.size = self._size()
            self._encoding = encoding_of(path, encoding)
            self._begin()
        except OSError as error:
            raise ImportRefused(
                _("Cannot read %(path)s: %(error)s.") % {"path": path, "error": error.strerror}
            ) from error

    def rows(self) -> Iterator[RawRow]:
        with self._lines() as (lines, file):
            self._file = file
            for record in self._records(lines):
                yield self._row(record)

    @property
    def position(self) -> int:
        """Bytes read so far, while rows() is being read."""
        return self._file.tell() if self._file and not self._file.closed else 0

    def _size(self) -> int:
        if self.path.is_dir():
            raise ImportRefused(_("%(path)s is a folder; name a CSV or JSONL file in it.") % {"path": self.path})
        if not self.path.exists():
            raise ImportRefused(_("There is no file %(path)s; check its name.") % {"path": self.path})
        if not self.path.is_file():
            raise ImportRefused(_("%(path)s is not a file on disk; save it to one first.") % {"path": self.path})
        return self.path.stat().st_size

    def _begin(self) -> None:
        with self._lines() as (lines, _file):
            try:
                first = next((line for line in lines if line.strip()), "")
            except RowTooLong as error:
                raise ImportRefused(_("%(path)s has no lines that can be read.") % {"path": self.path}) from error
        if not first:
            raise ImportRefused(_("%(path)s is empty; there is nothing to import.") % {"path": self.path})
        if "\0" in first:
            raise ImportRefused(
                _("%(path)s does not begin like text; save it as CSV in UTF-8 (or say --encoding utf-16-le).")
                % {"path": self.path}
            )
        if first.lstrip().startswith("["):
            raise ImportRefused(
                _("%(path)s is one JSON list; write each of its objects on a line of its own.") % {"path": self.path}
            )
        is_json = self.path.suffix.lower() in {".jsonl", ".ndjson"} or first.lstrip().startswith("{")
        # the separator that makes the most columns of the header; a comma where all make one
        self._delimiter = "" if is_json else max(",;\t", key=lambda sign: _width(first, sign))
        self.columns = self._json_columns() if is_json else self._header()

    def _json_columns(self) -> list[str]:
        with self._lines() as (lines, _file):
            sample = islice(json_records(lines), SAMPLE)
            return list(dict.fromkeys(name for _line, value, wrong in sample if not wrong for name in value))

    def _header(self) -> list[str]:
        with self._lines() as (lines, _file):
            _line, fields, wrong = next(csv_records(lines, self._delimiter))
        if wrong:
            raise ImportRefused(_("The header of %(path)s is broken: %(why)s") % {"path": self.path, "why": wrong})
        return [name.strip() for name in fields]

    @contextmanager
    def _lines(self) -> Iterator[tuple[Lines, BinaryIO]]:
        # newline="": the csv module wants to see line ends inside quoted fields as they are
        with self.path.open("rb") as file, io.TextIOWrapper(file, self._encoding, newline="") as stream:
            yield Lines(stream), file

    def _records(self, lines: Lines) -> Iterator[Record]:
        if not self._delimiter:
            return json_records(lines)
        return islice(csv_records(lines, self._delimiter), 1, None)

    def _row(self, record: Record) -> RawRow:
        line, value, wrong = record
        if not wrong and self._delimiter and len(value) != len(self.columns):
            wrong = _("The row has %(fields)d fields, the header %(columns)d.") % {
                "fields": len(value),
                "columns": len(self.columns),
            }
        if wrong:
            return RawRow(line, {}, wrong, value)
        return RawRow(line, dict(zip(self.columns, value, strict=True)) if self._delimiter else value)


def _width(header: str, delimiter: str) -> int:
    return len(next(csv.reader([header], delimiter=delimiter), []))
