"""SQLite connections that are kept for whoever asks next in this process.

A request is answered in a thread of its own, so Django would open a connection for each: 1.7 ms of the processor for
its functions and pragmas, and more for the schema, the statements and the pages that a new one has to read again.
"""

from __future__ import annotations

import atexit
import os
import sqlite3
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base

MOST = 8  # idle ones; each may hold 2 MB of pages

# Process, path, device and inode. A database that was restored in place of another is another; and a fork must
# neither use nor close what its parent has open (https://sqlite.org/howtocorrupt.html, 2.6).
Key = tuple[int, str, int, int]
_idle: dict[Key, list[Any]] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's. What is closed in good order is kept open for the next that connects, in whichever thread."""

    _file: Key | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._file = key_of(conn_params["database"])
        connection = _take(self._file)
        if connection is None:
            connection = super().get_new_connection(conn_params)
            self._file = key_of(conn_params["database"])  # which this may have made
        return connection

    def _close(self) -> None:
        connection, idle = self.connection, _idle.setdefault(self._file, []) if self._file else None
        if connection is None or idle is None or len(idle) >= MOST or self.errors_occurred or not _rests(connection):
            super()._close()  # type: ignore[misc]  # its stubs leave it out
        else:
            idle.append(connection)


def key_of(path: Any) -> Key | None:
    """None where there is no such file."""
    try:
        found = Path(path).stat()
    except (OSError, TypeError, ValueError):
        return None
    return os.getpid(), str(path), found.st_dev, found.st_ino


@atexit.register
def _close_all() -> None:
    """The last one to close writes its log back into the file: else a copy of that file alone lacks what came last,
    and a backup that is put in its place is overwritten by a log that is not its own."""
    for key in [key for key in list(_idle) if key[0] == os.getpid()]:
        for connection in _idle.pop(key):
            connection.close()


def _take(key: Key | None) -> Any:
    if key is None:
        return None
    try:
        connection = _idle[key].pop()
    except (KeyError, IndexError):
        _forget_what_was_there_before(key)
        return None
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _forget_what_was_there_before(key: Key) -> None:
    for other in [known for known in list(_idle) if known[:2] == key[:2] and known != key]:
        for connection in _idle.pop(other, []):
            connection.close()


def _rests(connection: Any) -> bool:
    """Whether nothing is under way: a query that was not read to its end would hold the next one to what was there
    when it began. An interrupt lasts as long as any statement runs, and is over at once where none does."""
    if connection.in_transaction:
        return False
    connection.interrupt()
    try:
        connection.execute("SELECT 1").fetchone()
    except sqlite3.Error:
        return False
    return True
