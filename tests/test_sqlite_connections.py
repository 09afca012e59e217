"""Connections to SQLite outlive the requests that opened them, and take nothing of one along to the next."""

from __future__ import annotations

import os
import sqlite3
import threading
import urllib.error
import urllib.request
from contextlib import closing, suppress

import pytest
from django.db import DatabaseError, connections, transaction
from django.db.utils import ConnectionHandler

from config.sqlite3 import base
from tests.assistant.sockets import PATIENCE, Server
from tickets.fulltext import ticket_words


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """`connect()` is what a thread of its own would get: a wrapper that has not connected yet."""
    path = tmp_path / "some.sqlite3"

    def connect(**own):
        return ConnectionHandler({"default": {"ENGINE": "config.sqlite3", "NAME": str(path), **own}})["default"]

    with django_db_blocker.unblock():
        first = connect()
        with first.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("CREATE TABLE note (body text)")
            cursor.execute("INSERT INTO note VALUES ('one'), ('two'), ('three')")
        first.close()
        yield connect
    for key in [key for key in base._idle if key[1] == str(path)]:
        for kept in base._idle.pop(key):
            kept.close()


def notes(wrapper) -> int:
    with wrapper.cursor() as cursor:
        return cursor.execute("SELECT count(*) FROM note").fetchone()[0]


def used(wrapper):
    """The raw connection behind a wrapper that has answered, after which it was closed."""
    assert notes(wrapper) >= 3
    raw = wrapper.connection
    wrapper.close()
    return raw


def test_what_one_thread_closes_the_next_one_uses(connect):
    found = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: found.append(used(connect())))
        thread.start()
        thread.join()
    assert found[0] is found[1] is found[2]


def test_two_at_once_have_one_each(connect):
    one, other = connect(), connect()
    assert notes(one) == notes(other) == 3 and one.connection is not other.connection
    one.close()
    other.close()


def test_a_query_that_was_not_read_to_its_end_does_not_hold_the_next_to_its_moment(connect):
    one, other = connect(), connect()
    one.ensure_connection()
    raw = one.connection
    left = raw.execute("SELECT body FROM note")
    assert left.fetchone() == ("one",)
    one.close()
    with other.cursor() as cursor:
        assert other.connection is not raw
        cursor.execute("INSERT INTO note VALUES ('four')")
    other.close()
    assert notes(connect()) == 4


def test_neither_a_failed_nor_a_begun_transaction_goes_on_elsewhere(connect):
    one = connect()
    one.ensure_connection()
    raw = one.connection
    raw.execute("BEGIN")
    raw.execute("DELETE FROM note")
    one.close()
    other = connect()
    assert notes(other) == 3 and other.connection is not raw
    with pytest.raises(DatabaseError), other.cursor() as cursor:
        cursor.execute("SELECT nothing FROM note")
    raw = other.connection
    other.close()
    assert used(connect()) is not raw


def test_foreign_keys_are_checked_whatever_was_done_before(connect):
    one = connect()
    one.disable_constraint_checking()
    raw = one.connection
    one.close()
    with (again := connect()).cursor() as cursor:
        assert again.connection is raw
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
    again.close()


def test_what_is_kept_was_taught_its_functions_once(connect, monkeypatch):
    """Taught again, a connection would prepare anew all that it has prepared."""
    raw = used(connect())
    monkeypatch.setattr(ticket_words, "plain", lambda _body, _format: "taught again")
    with (again := connect()).cursor() as cursor:
        assert again.connection is raw
        assert cursor.execute("SELECT collie_plain('<b>plain</b>', 'html')").fetchone() == ("plain",)
    again.close()


def test_a_database_restored_in_place_of_another_is_what_is_read(connect, tmp_path):
    path, backup = tmp_path / "some.sqlite3", tmp_path / "backup.sqlite3"
    one = connect()
    with one.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(backup)])
        cursor.execute("INSERT INTO note VALUES ('lost')")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    one.close()
    backup.replace(path)
    restored = connect()
    assert notes(restored) == 3
    restored.close()
    assert [key for key in base._idle if key[1] == str(path)] == [base.key_of(path)]


def test_a_fork_uses_nothing_of_its_parents(connect, tmp_path):
    used(connect())
    child = os.fork()
    if not child:
        os._exit(base._take(base.key_of(tmp_path / "some.sqlite3")) is not None)
    assert os.waitpid(child, 0)[1] == 0


def test_a_server_that_ends_leaves_all_it_wrote_in_the_one_file(tmp_path):
    path = tmp_path / "stopped.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE note (body)")
    server = Server("http://127.0.0.1:9/v1", DATABASE_URL=f"sqlite:///{path}").start()
    with suppress(urllib.error.HTTPError):  # it has no tables
        urllib.request.urlopen(f"{server.origin}/readyz", timeout=PATIENCE)
    with closing(sqlite3.connect(path)) as beside, beside:
        beside.execute("INSERT INTO note VALUES ('late')")
    assert path.with_name("stopped.sqlite3-wal").stat().st_size > 0  # the server is not done with the file
    server.process.terminate()
    server.process.wait(PATIENCE)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_more_are_kept_than_may_be(connect, tmp_path):
    many = [connect() for _ in range(base.MOST + 3)]
    for wrapper in many:
        notes(wrapper)
    for wrapper in many:
        wrapper.close()
    assert len(base._idle[base.key_of(tmp_path / "some.sqlite3")]) == base.MOST


@pytest.mark.django_db(transaction=True)
def test_the_product_runs_on_them():
    if connections["default"].vendor != "sqlite":
        pytest.skip("on another database")
    assert isinstance(connections["default"], base.DatabaseWrapper)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
