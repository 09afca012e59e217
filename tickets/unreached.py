"""Whether it was the database that failed, or we; and how a thread that lives on reaches it again."""

from __future__ import annotations

import sqlite3

from django.db import InterfaceError, OperationalError, connections

_LIMITS = "54"  # Postgres's class of errors: more than it can ever take


def is_unreached(error: BaseException | None) -> bool:
    """Gone, busy for too long, or without room: the same may succeed later. Operational errors are also what Postgres
    calls a limit of its own that was passed, and SQLite wrong SQL and a table or a column that is missing."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    passed_a_limit = (getattr(cause, "sqlstate", None) or "").startswith(_LIMITS)
    return not passed_a_limit and getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def forget_connections() -> None:
    """For who catches an error where no request, task or message ends: Django goes on to use what broke. The next
    query takes another; one in the middle of a transaction is its caller's."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
