"""Several processes that write to one SQLite file without a pause: each waits its turn, none is told of a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.db import connection

from tests.assistant.sockets import database_url
from tickets.models import Message, OutgoingMail, Ticket, TicketEvent

WRITERS = 4
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite"),
]


def start(username: str, transactions: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.tickets.writer", username, str(transactions)], cwd=settings.BASE_DIR, text=True,
        env=os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("transactions", [20, pytest.param(5000, marks=pytest.mark.soak)])
def test_four_writers_at_once_are_never_told_that_the_database_is_locked(erin, alice, transactions):
    shared = Ticket.objects.open(erin, "Everybody writes here")
    with ExitStack() as stack:
        writers = [stack.enter_context(start(alice.username, transactions)) for _ in range(WRITERS)]
        stack.callback(lambda: [writer.kill() for writer in writers])
        for writer in writers:
            assert writer.stdout.readline() == "ready\n", writer.stderr.read()
        ends = []
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            ends.append(writer.communicate())
    assert ends == [(f"{transactions}\n", "")] * WRITERS
    each = WRITERS * transactions // 4
    assert Ticket.objects.exclude(pk=shared.pk).count() == each
    assert OutgoingMail.objects.count() == Message.objects.filter(kind="reply").count() == each
    assert TicketEvent.objects.filter(kind="assignee").count() == each
    assert shared.messages.filter(kind="note").count() == each
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchall() == [("ok",)]
