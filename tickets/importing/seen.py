"""How often a row has been in this file already, in flat memory."""

from __future__ import annotations

import sqlite3
from typing import Self


class Seen:
    """Counts 16-byte digests in a temporary SQLite file with an 8 MB cache: a file of millions of rows needs some
    30 bytes a row on disk and nothing more in memory. The file is gone when this is closed."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA cache_size=-8000")
        self._db.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()

    def times_before(self, digest: bytes) -> int:
        """How often `digest` was asked for before this time."""
        found = self._db.execute("SELECT times FROM seen WHERE digest = ?", (digest,)).fetchone()
        times = found[0] if found else 0
        self._db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (digest, times + 1))
        return times
