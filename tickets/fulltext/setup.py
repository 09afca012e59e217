"""When the full-text indexes are made: after each migrate, since SQLite loses triggers where a table is made anew.

They are filled once. Later migrations only compare, and write what a migration changed while triggers were away.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tickets import waiting
from tickets.fulltext import ticket_words
from tickets.fulltext.index import Index

ARTICLES = Index("tickets_article", "id", ("title", "body"), version=2)


def teach_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: the function that the triggers call. A connection that was kept knows it, and
    would prepare all its statements anew if it were told again."""
    if connection.vendor != "sqlite":
        return
    try:
        connection.connection.execute("SELECT collie_plain('', '')").close()
    except sqlite3.OperationalError:
        connection.connection.create_function("collie_plain", 2, ticket_words.plain, deterministic=True)


def before_migrate(using: str, plan: list[tuple[Any, bool]], **_: Any) -> None:
    if connections[using].vendor == "sqlite" and any(step.app_label == "tickets" for step, _backwards in plan):
        ticket_words.uninstall(connections[using])
        ARTICLES.uninstall(connections[using])
        waiting.uninstall(connections[using])


def after_migrate(using: str, **_: Any) -> None:
    connection = connections[using]
    tables = connection.introspection.table_names()
    with transaction.atomic(using=using):
        for index, install in ((ticket_words.TICKETS, ticket_words.install), (ARTICLES, ARTICLES.install)):
            if index.table in tables:
                install(connection)
            else:
                index.forget(connection)
        if "tickets_savedview" in tables:  # came with the column that it fills
            waiting.install(connection)
