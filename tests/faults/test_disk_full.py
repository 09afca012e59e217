"""A disk without room, as the size that a process may let a file grow to: the error says so, and nothing is lost."""

from __future__ import annotations

import resource

import pytest
import requests

from tests.faults.house import eventually
from tests.stack import Stack

pytestmark = pytest.mark.services  # it needs none, but takes as long as those that do
TICKETS = [{"body": f"My invoice {n} is wrong.", "email": "erin@example.com"} for n in range(40)]


def leave_room(size: int, *pids: int) -> None:
    """How large processes may let a file grow; with 0 they can write none, as on a disk that is full."""
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def stack(tmp_path):
    with Stack(tmp_path) as stack:
        yield stack


def test_a_full_disk_is_told_and_work_goes_on_where_it_was_when_there_is_room(stack):
    tickets = stack.load(TICKETS)
    stack.manage("shell", "-c", PEOPLE)
    token = stack.manage("create_token", "alice").splitlines()[-1]
    relay = stack.start_relay("--latency-ms", "200")
    desk, worker = stack.start_desk(relay), stack.start_worker(relay)
    api = f"{desk.origin}/api/v1/tickets/{tickets[0]}/"
    headers = {"Authorization": f"Token {token}", "Idempotency-Key": "one-note"}
    note = {"kind": "note", "body": "Is there room for this?"}
    assert requests.get(api, headers=headers, timeout=60).status_code == 200
    leave_room(0, desk.pid, worker.pid)
    stack.manage("shell", "-c", START_A_RUN)
    refused = requests.post(f"{api}messages/", json=note, headers=headers, timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "disk is full" in refused.json()["detail"] and refused.headers["Retry-After"]
    assert requests.get(api, headers=headers, timeout=60).status_code == 200
    assert requests.get(f"{desk.origin}/healthz", timeout=60).status_code == 200
    worker.wait_for("disk I/O error|database or disk is full")
    leave_room(resource.RLIM_INFINITY, desk.pid, worker.pid)
    accepted = requests.post(f"{api}messages/", json=note, headers=headers, timeout=60)
    assert accepted.status_code == 201
    eventually(lambda: stack.rows("SELECT state FROM assistant_triagerun")[0][0] == "done", "the run is over")
    assert [tuple(row) for row in stack.rows("SELECT classified, failed FROM assistant_triagerun")] == [(40, 0)]
    assert len(stack.rows("SELECT ticket_id FROM tickets_classification GROUP BY 1 HAVING count(*) = 1")) == 40
    assert len(stack.rows("SELECT id FROM tickets_message WHERE kind = 'note'")) == 1
    assert worker.alive


PEOPLE = "from django.contrib.auth.models import User; User.objects.create_user('alice')"

START_A_RUN = """
from django.utils import timezone
from assistant.triage import runs
from tickets.models import Ticket
runs.start(runs.create_run(Ticket.objects.all(), user=None, batch_size=5), now=timezone.now())
"""
