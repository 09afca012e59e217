"""Bring tickets in from a CSV or JSONL file of any size, in flat memory, each row once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import reset_queries
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.importing.columns import match_columns
from tickets.importing.errors import ImportRefused, RowError
from tickets.importing.names import Names
from tickets.importing.rejects import Rejects
from tickets.importing.rows import Row, parse_row
from tickets.importing.seen import Seen
from tickets.importing.store import Entry, Store
from tickets.importing.table import RawRow, Table

__all__ = ["ImportRefused", "Progress", "Summary", "import_file"]

BATCH_ROWS = 500
BATCH_CHARS = 4_000_000
REASONS_TOLD = 10


@dataclass(frozen=True)
class Summary:
    """`reasons` are the first few rejects as (line, reason); `rejects` is the file with all of them."""

    imported: int
    skipped: int
    rejected: int
    reasons: tuple[tuple[int, str], ...]
    rejects: Path | None
    rejects_moved: bool


Progress = Callable[[int, int], None]  # bytes read, bytes in all


def import_file(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    source: str = "",
    encoding: str = "",
    dry_run: bool = False,
    now: datetime | None = None,
    on_progress: Progress = lambda _read, _size: None,
) -> Summary:
    """Import the rows of `path` as tickets; `columns` is field -> column, `source` the file's stem unless given.

    Every batch is committed on its own, so an import that was cut off goes on when it is started again. A row's
    identity is its external id, else a digest of e-mail, subject, body, created_at and thread together with how many
    equal rows came before it in the file. With `dry_run` nothing is written anywhere.

    Raises:
        ImportRefused: the file or an argument is unusable; nothing was imported.
    """
    source = (source or path.stem).strip()
    if not 0 < len(source) <= 100:
        raise ImportRefused(_("Give the source a name of 1 to 100 characters with --source."))
    table = Table(path, encoding)
    fields = match_columns(table.columns, columns or {})
    with Seen() as seen, Rejects(path, keep=not dry_run) as rejects:
        names = Names.load()
        run = _Run(Store(source, names, now or timezone.now()), names, seen, rejects, dry_run)
        for raw in table.rows():
            if run.take(raw, fields):
                on_progress(table.position, table.size)
        run.flush()
        return run.summary()


class _Run:
    def __init__(self, store: Store, names: Names, seen: Seen, rejects: Rejects, dry_run: bool) -> None:
        self._store, self._names, self._seen, self._rejects = store, names, seen, rejects
        self._dry_run = dry_run
        self._batch: list[Entry] = []
        self._chars = 0
        self._imported = self._skipped = self._rejected = 0
        self._reasons: list[tuple[int, str]] = []

    def take(self, raw: RawRow, fields: Mapping[str, str]) -> bool:
        """Take one row in; True when a batch was written."""
        try:
            if raw.error:
                raise RowError(raw.error)
            row = parse_row({field: raw.values.get(column) for field, column in fields.items()})
            self._names.check(row)
        except RowError as error:
            self._reject(raw, str(error))
            return False
        self._put(row)
        if len(self._batch) < BATCH_ROWS and self._chars < BATCH_CHARS:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        known = self._store.known(self._batch)
        fresh = [entry for entry in self._batch if entry.key not in known]
        if fresh and not self._dry_run:
            self._store.add(fresh)
        self._imported += len(fresh)
        self._skipped += len(known)
        self._batch, self._chars = [], 0
        reset_queries()  # with DEBUG on, Django would keep the text of every statement

    def summary(self) -> Summary:
        rejects = self._rejects
        return Summary(
            self._imported, self._skipped, self._rejected, tuple(self._reasons), rejects.path, rejects.moved
        )

    def _put(self, row: Row) -> None:
        if row.external_id:
            key = f"id:{row.external_id}"
            if self._seen.times_before(key.encode()):
                self._skipped += 1
                return
        else:
            key = f"row:{row.content.hex()}:{self._seen.times_before(row.content)}"
        self._batch.append(Entry(key, row))
        self._chars += len(row.body)

    def _reject(self, raw: RawRow, reason: str) -> None:
        self._rejected += 1
        if len(self._reasons) < REASONS_TOLD:
            self._reasons.append((raw.line, reason))
        self._rejects.add(raw.line, reason, raw.text if raw.error else raw.values)
