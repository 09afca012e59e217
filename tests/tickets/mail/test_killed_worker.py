"""A real worker, killed while the mail server holds its mail."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing

import pytest

from tests.stack import PATIENCE, Stack
from tests.tickets.mail.post import PostOffice
from tests.waiting import until

ASKED = "SELECT delivery, remarks FROM tickets_message WHERE kind = 'reply' ORDER BY id"


@pytest.fixture
def office():
    office = PostOffice()
    yield office
    if office.hold:
        office.hold.set()
    office.end()


def test_a_worker_killed_as_it_hands_over_leaves_that_reply_uncertain_and_sends_it_no_second_time(office, tmp_path):
    with Stack(tmp_path, EMAIL_URL=f"smtp://127.0.0.1:{office.port}", MAIL_FROM="support@example.com") as stack:
        stack.load([{"body": "Where is my order?", "email": "erin@example.com"}])
        script = (
            "from tickets.models import *; from django.contrib.auth.models import User; "
            "a = User.objects.create(username='alice'); t = Ticket.objects.get(); "
            "t.reply(a, 'First'); t.reply(a, 'Second')"
        )
        stack.manage("shell", "-c", script)
        office.hold = threading.Event()
        worker = stack.start_worker("http://127.0.0.1:9/v1")
        assert office.holding.wait(PATIENCE)
        os.kill(worker._popen.pid, signal.SIGKILL)
        worker.wait()
        office.hold.set()
        until(lambda: len(office.taken) == 1)
        with closing(sqlite3.connect(tmp_path / "stack.sqlite3", timeout=20)) as database, database:
            # five minutes later
            database.execute("UPDATE tickets_outgoingmail SET lease_until = created WHERE state = 'sending'")
        stack.start_worker("http://127.0.0.1:9/v1")
        until(lambda: [row["delivery"] for row in stack.rows(ASKED)] == ["uncertain", "sent"])
        assert "may have arrived" in stack.rows(ASKED)[0]["remarks"]
        bodies = [mail.get_body(("plain",)).get_content().split()[0] for mail in office.mails]
        assert bodies == ["First", "Second"]
