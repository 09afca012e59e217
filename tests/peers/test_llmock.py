"""Collie before a server that is not ours: llmock, an OpenAI-compatible one whose answers are no labels."""

from __future__ import annotations

import json
import re
import socket
from urllib.request import Request, urlopen

import pytest

from assistant import processes
from tests.assistant.sockets import open_socket
from tests.stack import ROOT, Process, Stack, environ
from tickets.demo.people import PASSWORD

pytestmark = pytest.mark.peers

LLMOCK = ROOT / "var/peers/bin/llmock"


@pytest.fixture(scope="module")
def llmock():
    """Its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = Process(str(LLMOCK), "serve", "--port", str(port), "--stream-chunk-delay-ms", "20", env=environ())
    assert processes.wait_for_port(port), "".join(process.log)
    yield f"http://127.0.0.1:{port}/v1"
    process.end()
    process.wait()


@pytest.fixture(scope="module")
def stack(tmp_path_factory, llmock):
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        stack.manage("seed_demo", "--tickets", "30")
        yield stack
        assert "Traceback" not in stack.log, stack.log


def test_it_is_llmock_that_answers(llmock):
    with urlopen(Request(f"{llmock}/models", headers={"Authorization": "Bearer any"}), timeout=5) as answer:
        assert {model["owned_by"] for model in json.load(answer)["data"]} == {"llmock"}


def test_a_draft_streams_to_its_end(stack, llmock):
    desk = stack.start_desk(llmock)
    ticket = stack.rows("SELECT id FROM tickets_ticket WHERE team_id IS NULL ORDER BY id LIMIT 1")[0][0]
    with open_socket(desk, f"/ws/tickets/{ticket}/", desk.log_in("alice", PASSWORD)) as page:
        draft = page.draft(instruction="be brief")
        text, end = page.follow()
    deltas = [json.loads(frame) for frame in page.seen if '"draft.delta"' in frame]
    assert end["type"] == "draft.done" and end["finish_reason"] == "stop"
    assert len(deltas) > 1 and text == end["text"] == "".join(delta["text"] for delta in deltas) != ""
    assert end["usage"]["completion_tokens"] > 0
    stored = stack.rows("SELECT state, text FROM assistant_draft WHERE id = ?", draft.replace("-", ""))
    assert [tuple(row) for row in stored] == [("done", text)]


def test_a_run_ends_with_every_ticket_for_a_human_and_a_reason(stack, llmock):
    done = stack.run("triage", "--all", "--yes", "--json", RELAY_BASE_URL=llmock)
    report = json.loads(done.stdout)
    assert (done.returncode, report["tickets"], report["needs_human"]) == (0, 30, 30)
    assert (report["classified"], report["failed"]) == (0, 0)
    assert "Traceback" not in done.stderr
    items = stack.rows("SELECT state, reason FROM assistant_triageitem WHERE run_id = ?", report["run"])
    assert len(items) == 30
    assert all(item["state"] == "needs_human" and re.fullmatch(r"\S.*\.", item["reason"], re.S) for item in items)
    assert stack.rows("SELECT count(*) FROM tickets_ticket WHERE category_by = 'relay'")[0][0] == 0
    spent = stack.rows(
        "SELECT sum(prompt_tokens), sum(completion_tokens) FROM assistant_relaycall WHERE run_id = ?", report["run"]
    )
    assert tuple(spent[0]) == (report["prompt_tokens"], report["completion_tokens"])
