# ruff: noqa: S608  (names of our own tables; what people type is a parameter)
"""A full-text index over text columns of one table, kept right by the database itself.

SQLite: an FTS5 table beside it (`<table>_fts`), which keeps no text of its own, and three triggers. Postgres: a
generated tsvector column (`words`) with a GIN index. Both hold words in small letters without accents, unstemmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tickets.fulltext.versions import keep_version, version_of
from tickets.fulltext.words import Query

LONGEST = 200_000  # characters of a text that Postgres indexes: a tsvector holds no more than 1 MB
_FOLD = rf"""
CREATE OR REPLACE FUNCTION collie_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('simple'::regconfig, regexp_replace(lower(regexp_replace(normalize(left($1, {LONGEST}), NFKD),
    '[\u0300-\u036f]+', '', 'g')), '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'))
$$"""


@dataclass(frozen=True)
class Index:
    """`key` is the integer primary key of `table`, `columns` are its texts. A `version` higher than the one that a
    database holds has the index filled anew by the next migrate: raise it with any change to what is indexed."""

    table: str
    key: str
    columns: tuple[str, ...]
    version: int = 1

    def select(self, vendor: str) -> str:
        """SQL for the keys of the rows that one parameter finds: `Query.fts5` or `Query.tsquery`."""
        if vendor == "sqlite":
            return f"SELECT rowid FROM {self.table}_fts WHERE {self.table}_fts MATCH %s"
        return f"SELECT {self.key} FROM {self.table} WHERE words @@ to_tsquery('simple', %s)"

    def parameter(self, vendor: str, query: Query) -> str:
        return query.fts5 if vendor == "sqlite" else query.tsquery

    def keys(self, query: Query, most: int, *, using: str = "default") -> list[int]:
        """At most `most` rows that `query` finds, the newest (highest key) first."""
        connection = connections[using]
        order = "rowid" if connection.vendor == "sqlite" else self.key
        sql = f"{self.select(connection.vendor)} ORDER BY {order} DESC LIMIT {int(most)}"
        return [row[0] for row in _run(connection, sql, query, self)]

    def count(self, query: Query, most: int, *, using: str = "default") -> int:
        """How many rows `query` finds, counted no further than `most`."""
        connection = connections[using]
        sql = f"SELECT COUNT(*) FROM ({self.select(connection.vendor)} LIMIT {int(most)}) found"
        return int(_run(connection, sql, query, self)[0][0])

    def is_current(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether the database holds this very definition, filled."""
        tables = connection.introspection.table_names()
        made = f"{self.table}_fts" in tables if connection.vendor == "sqlite" else self._has_column(connection)
        return self.table in tables and version_of(connection, self.table, made=made) == self.version

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Make what is missing. Fill it from the table where another version is there or none; quick else."""
        current = self.is_current(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                for sql in self._sqlite(fill=not current):
                    cursor.execute(sql)
            elif not current:
                for sql in self._postgres():
                    cursor.execute(sql)
        if not current:
            keep_version(connection, self.table, self.version)

    def forget(self, connection: BaseDatabaseWrapper) -> None:
        """Its table is gone: what is made for the next one is filled anew."""
        version_of(connection, self.table, made=False)
        keep_version(connection, self.table, 0)

    def _has_column(self, connection: BaseDatabaseWrapper) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [f"{self.table}_words"])
            return cursor.fetchone() != (None,)

    def uninstall(self, connection: BaseDatabaseWrapper) -> None:
        """Take SQLite's triggers away; `install` makes them again, and the index with them."""
        with connection.cursor() as cursor:
            for name in self.triggers():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")

    def triggers(self) -> list[str]:
        return [name for name, _sql in self._triggers()]

    def _sqlite(self, *, fill: bool) -> Iterator[str]:
        fts, columns = f"{self.table}_fts", ", ".join(self.columns)
        if fill:
            yield f"DROP TABLE IF EXISTS {fts}"
            yield (
                f"CREATE VIRTUAL TABLE {fts} USING fts5({columns}, content='{self.table}', "
                f"content_rowid='{self.key}', tokenize='unicode61 remove_diacritics 2', columnsize=0, prefix='2 3')"
            )
            yield f"INSERT INTO {fts}({fts}) VALUES ('rebuild')"
        for name, sql in self._triggers():
            yield f"CREATE TRIGGER IF NOT EXISTS {name} {sql}"

    def _triggers(self) -> Iterator[tuple[str, str]]:
        fts, columns = f"{self.table}_fts", ", ".join(self.columns)
        old = ", ".join(f"OLD.{column}" for column in self.columns)
        new = ", ".join(f"NEW.{column}" for column in self.columns)
        take = f"INSERT INTO {fts}({fts}, rowid, {columns}) VALUES ('delete', OLD.{self.key}, {old});"
        put = f"INSERT INTO {fts}(rowid, {columns}) VALUES (NEW.{self.key}, {new});"
        yield f"{fts}_insert", f"AFTER INSERT ON {self.table} BEGIN {put} END"
        yield f"{fts}_delete", f"AFTER DELETE ON {self.table} BEGIN {take} END"
        yield f"{fts}_update", f"AFTER UPDATE OF {columns} ON {self.table} BEGIN {take} {put} END"

    def _postgres(self) -> Iterator[str]:
        joined = " || ' ' || ".join(f"coalesce({column}, '')" for column in self.columns)
        yield _FOLD
        yield f"ALTER TABLE {self.table} DROP COLUMN IF EXISTS words"
        yield (
            f"ALTER TABLE {self.table} ADD COLUMN words tsvector GENERATED ALWAYS AS (collie_words({joined})) STORED"
        )
        yield f"CREATE INDEX {self.table}_words ON {self.table} USING gin (words)"


def _run(connection: BaseDatabaseWrapper, sql: str, query: Query, index: Index) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [index.parameter(connection.vendor, query)])
        return cursor.fetchall()
