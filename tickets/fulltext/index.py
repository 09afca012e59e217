# ruff: noqa: S608  (names of our own tables; what people type is a parameter)
"""A full-text index over text columns of one table, kept right by the database itself.

SQLite: an FTS5 table beside it (`<table>_fts`), which keeps no text of its own, and three triggers. Postgres: a
generated tsvector column (`words`) with a GIN index. Both hold words in small letters without accents, unstemmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tickets.fulltext.versions import keep_version, version_of
from tickets.fulltext.words import Query

LONGEST = 200_000  # characters of a text that Postgres indexes
# A tsvector holds no more than 1 MB. At worst, in words of three bytes, it needs 8 bytes for 4 of the text, and one
# character may be 18 bytes once it is folded. Of too much the middle is left out: a subject or title stands first,
# and what was said last at the end.
_MOST_BYTES = 500_000
_BEGINNING, _END = 1_000, 120_000  # characters, of at most 4 bytes
_FOLD = rf"""
CREATE OR REPLACE FUNCTION collie_words(text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  folded text := regexp_replace(lower(regexp_replace(normalize(left($1, {LONGEST}), NFKD),
    '[\u0300-\u036f]+', '', 'g')), '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g');
BEGIN
  IF octet_length(folded) > {_MOST_BYTES} THEN
    folded := left(folded, {_BEGINNING}) || ' ' || right(folded, {_END});
  END IF;
  RETURN to_tsvector('simple'::regconfig, folded);
END $$"""


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
        return self.keys_of([query], most, using=using)[0]

    def keys_as_json(self, query: Query, most: int, *, using: str = "default") -> tuple[str, int]:
        """The rows that `query` finds as a JSON list in no order, and how many: at most `most`. For SQLite, whose
        json_each reads it: thousands of numbers need not become Python's."""
        found = f"SELECT json_group_array(rowid), COUNT(*) FROM ({self.select('sqlite')} LIMIT {int(most)})"
        with connections[using].cursor() as cursor:
            cursor.execute(found, [self.parameter("sqlite", query)])
            keys, number = cursor.fetchone()
            return keys, number

    def keys_of(self, queries: Sequence[Query], most: int, *, using: str = "default") -> list[list[int]]:
        """The same for each of several queries, in one question to the database."""
        connection = connections[using]
        key = "rowid" if connection.vendor == "sqlite" else self.key
        found: list[list[int]] = [[] for _ in queries]
        part = f"SELECT {{0}}, found{{0}}.* FROM ({{1}} ORDER BY {key} DESC LIMIT {int(most)}) found{{0}}"
        for n, pk in self._each(connection, queries, part):
            found[n].append(pk)
        return [sorted(keys, reverse=True) for keys in found]

    def counts(self, queries: Sequence[Query], most: int, *, using: str = "default") -> list[int]:
        """How many rows each query finds, counted no further than `most`, in one question to the database."""
        part = f"SELECT {{0}}, COUNT(*) FROM ({{1}} LIMIT {int(most)}) found{{0}}"
        counted = dict(self._each(connections[using], queries, part))
        return [counted[n] for n in range(len(queries))]

    def _each(self, connection: BaseDatabaseWrapper, queries: Sequence[Query], part: str) -> list[tuple[int, int]]:
        """Pairs of the number of a query and what it found."""
        select = self.select(connection.vendor)
        sql = " UNION ALL ".join(part.format(n, select) for n in range(len(queries)))
        with connection.cursor() as cursor:
            if queries:
                cursor.execute(sql, [self.parameter(connection.vendor, query) for query in queries])
            return cursor.fetchall() if queries else []

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
