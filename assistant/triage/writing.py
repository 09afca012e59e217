"""Short write transactions, one at a time in a process where the database has one writer anyway."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

_one_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction. Threads of one process queue for SQLite's write lock here, in order and without polling, rather
    than in its busy handler, which is neither fair nor quick."""
    with _one_writer if connection.vendor == "sqlite" else nullcontext(), transaction.atomic():
        yield
