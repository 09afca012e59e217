"""A real worker that sends: killed in the middle, and with a receiver that hangs beside one that works."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing

from tests.stack import PATIENCE, Stack
from tests.tickets.webhooks.receivers import receiving
from tests.waiting import until

LOG = "SELECT state, attempts, status, message_id FROM tickets_webhookdelivery ORDER BY id"


def test_a_worker_killed_as_it_sends_is_followed_by_one_that_sends_under_the_same_id(tmp_path):
    with receiving() as hung, receiving() as well, Stack(tmp_path, RELAY_ALLOW_PRIVATE="1") as stack:
        hung.hold = threading.Event()
        script = (
            "from tickets.models import *; "
            f"a = Webhook.objects.make(None, name='A', url='{hung.url}', events=['ticket.created']); "
            f"b = Webhook.objects.make(None, name='B', url='{well.url}', events=['ticket.created']); "
            "c = Customer.objects.create(email='erin@example.com'); Ticket.objects.open(c, 'Where is it?'); "
            "print(a.secret, b.secret)"
        )
        secrets = stack.manage("shell", "-c", script).split()[-2:]
        worker = stack.start_worker("http://127.0.0.1:9/v1")
        assert hung.holding.wait(PATIENCE)
        until(lambda: stack.rows(LOG)[1]["state"] == "delivered")
        os.kill(worker._popen.pid, signal.SIGKILL)
        worker.wait()
        assert stack.rows(LOG)[0]["state"] == "sending"
        with closing(sqlite3.connect(tmp_path / "stack.sqlite3", timeout=20)) as database, database:
            # a minute later
            database.execute("UPDATE tickets_webhookdelivery SET lease_until = created WHERE state = 'sending'")
        hung.hold.set()
        stack.start_worker("http://127.0.0.1:9/v1")
        until(lambda: [row["state"] for row in stack.rows(LOG)] == ["delivered", "delivered"])
        assert [got.id for got in hung.messages] == [stack.rows(LOG)[0]["message_id"]] * 2
        assert len(well.messages) == 1
        told = [hung.messages[-1].verified(secrets[0]), well.messages[0].verified(secrets[1])]
        assert [body["data"]["subject"] for body in told] == ["Where is it?"] * 2
