"""Ids that follow a piece of work into its lines of log, and what such a line must not hold."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from config.logs import logging_settings, without_texts
from tests.stack import ROOT, environ
from tickets.tracing import WithIds, ids, working_on


def test_inner_work_adds_to_the_ids_of_the_outer_one():
    with working_on(run=7):
        with working_on(draft="abc"):
            assert ids() == {"run": "7", "draft": "abc"}
        assert ids() == {"run": "7"}
    assert ids() == {}


@pytest.mark.django_db
def test_an_answer_names_its_request(client):
    assert len(client.get("/healthz")["X-Request-ID"]) == 32
    assert client.get("/healthz", headers={"X-Request-ID": "from-the-proxy.1"})["X-Request-ID"] == "from-the-proxy.1"
    for rubbish in ("a b", "x" * 101, "é", "a\\nb"):
        assert client.get("/healthz", headers={"X-Request-ID": rubbish})["X-Request-ID"] != rubbish


def test_json_lines_carry_the_ids_and_nothing_of_the_request():
    script = """
import logging, logging.config
from config.logs import logging_settings
from tickets.tracing import working_on
logging.config.dictConfig(logging_settings("json"))
with working_on(request="r1", draft="d1"):
    logging.getLogger("tickets").info("saved %s", 3, extra={"request": "a whole request"})
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ(), text=True, capture_output=True)
    line = json.loads(done.stderr)
    assert (line["message"], line["request_id"], line["draft_id"], line["level"]) == ("saved 3", "r1", "d1", "INFO")
    assert "a whole request" not in done.stderr


def test_plain_lines_carry_the_ids():
    record = logging.LogRecord("tickets", logging.INFO, __file__, 1, "saved", (), None)
    with working_on(request="r1"):
        WithIds().filter(record)
    line = logging_settings("line")["formatters"]["line"]
    shown = logging.Formatter(line["format"], style=line["style"]).format(record)
    assert shown.endswith("INFO tickets: saved request=r1")


def test_error_reports_keep_the_place_and_drop_what_could_quote_a_customer():
    event = {
        "request": {"method": "POST", "url": "https://x/tickets/1/", "data": "Dear …", "cookies": {}, "headers": {}},
        "logentry": {"message": "failed %s", "params": ["erin@example.com"], "formatted": "failed erin@example.com"},
        "user": {"ip_address": "203.0.113.7"},
        "extra": {"body": "Dear …"},
        "exception": {"values": [{"type": "ValueError"}]},
    }
    assert without_texts(event, {}) == {
        "request": {"method": "POST", "url": "https://x/tickets/1/"},
        "logentry": {"message": "failed %s"},
        "exception": {"values": [{"type": "ValueError"}]},
    }
