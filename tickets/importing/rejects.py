"""The rows that could not be imported, with their reasons, in a file beside the imported one."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Self, TextIO

from django.conf import settings

from tickets.importing.lines import MAX_ROW


class Rejects:
    """Writes FILE.rejects.csv (line, reason, row as JSON) from the first reject on; into var/ when the folder of the
    file cannot be written to. `path` is where it went, None while there is nothing in it."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        self._wanted = path.with_name(path.name + ".rejects.csv")
        self._keep = keep
        self._file: TextIO | None = None
        self.path: Path | None = None
        self.moved = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.close()

    def add(self, line: int, reason: str, row: Any) -> None:
        if not self._keep:
            return
        self._file = self._file or self._open()
        try:
            text = json.dumps(row, default=str)
        except RecursionError:
            text = "null"
        csv.writer(self._file).writerow([line, reason, text[:MAX_ROW]])

    def _open(self) -> TextIO:
        try:
            self.path = self._wanted
            file = self.path.open("w", encoding="utf-8", newline="")
        except OSError:
            self.moved = True
            self.path = Path(settings.VAR_DIR) / self._wanted.name
            file = self.path.open("w", encoding="utf-8", newline="")
        csv.writer(file).writerow(["line", "reason", "row"])
        return file
