"""Which definition of an index a database holds, in a small table: no migrate fills anew what is right."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

_FIRST = 1  # indexes made before there was this table


def version_of(connection: BaseDatabaseWrapper, name: str, *, made: bool) -> int:
    """The version that was filled; 0 for none. `made`: the index is there, whether its version was written or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS tickets_fulltext (name varchar(100) PRIMARY KEY, version integer NOT NULL)"
        )
        cursor.execute("SELECT version FROM tickets_fulltext WHERE name = %s", [name])
        row = cursor.fetchone()
    return (int(row[0]) if row else _FIRST) if made else 0


def keep_version(connection: BaseDatabaseWrapper, name: str, version: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets_fulltext (name, version) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            [name, version],
        )
