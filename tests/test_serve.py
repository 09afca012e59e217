"""`serve` in a terminal: what it refuses to start with, and that nothing of it outlives it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from contextlib import suppress
from urllib.request import urlopen

import pytest
from django.core.management import CommandError, call_command

from assistant.processes import port_is_free
from tests.stack import MANAGE, PATIENCE, ROOT, Stack, environ

ADMIN = {"DJANGO_SUPERUSER_USERNAME": "root", "DJANGO_SUPERUSER_PASSWORD": "pass-for-tests-1"}


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return unused.getsockname()[1]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("serve")) as stack:
        stack.manage("createsuperuser", "--noinput", "--email", "root@example.com", **ADMIN)
        yield stack


@pytest.fixture
def serve(stack):
    """`manage.py serve`, its desk answering, with its port and the ids of its processes; what stays is killed."""
    port = unused_port()
    process = subprocess.Popen(
        [*MANAGE, "serve"], cwd=ROOT, env=environ(**stack.own, PORT=str(port)), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # under nohup it is rightly ignored
    )  # fmt: skip
    said = ""
    while not ("Collie is at" in said and re.search(r"worker \d+ started", said)):
        line = process.stdout.readline()
        assert line, said + process.stderr.read()
        said += line
    pids = [int(pid) for pid in re.findall(r"\(pid=(\d+)\)", said)]
    yield process, port, pids
    for pid in [process.pid, *pids]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def assert_all_ended(process, port, pids):
    """Those who run the commands hold the other end of `stderr` until their command is gone."""
    _, said = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said, said
    assert port_is_free(port) and len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_desk_and_worker_end_with_serve_however_it_ends(serve, end):
    process, *rest = serve
    process.send_signal(end)
    assert_all_ended(process, *rest)


def close_output(process):
    process.stdout.close()
    process.stdout = None


def test_desk_and_worker_end_when_nobody_reads_their_output(serve):
    process, port, pids = serve
    close_output(process)
    with suppress(OSError):  # an earlier line of log may have ended it in the middle of this request
        urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).close()  # a line of log
    assert_all_ended(process, port, pids)


def test_a_signal_ends_all_even_when_nobody_reads_their_output(serve):
    process, *rest = serve
    close_output(process)
    process.terminate()
    assert_all_ended(process, *rest)


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("port", ["abc", "0", "-1", "99999", "8000.5", "²", "9" * 5000])
def test_a_port_that_cannot_be_is_refused(command, port, monkeypatch):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(CommandError, match=r"^PORT must be a whole number from 1 to 65535, not ") as refused:
        call_command(command)
    assert refused.value.returncode == 2


def test_above_the_last_port_there_is_none_for_the_relay_of_the_demo(monkeypatch):
    monkeypatch.setenv("PORT", "65535")
    with pytest.raises(CommandError, match="65535") as refused:
        call_command("demo")
    assert refused.value.returncode == 2


def test_a_key_that_cannot_be_sent_is_refused_at_the_start(stack):
    done = stack.run("serve", RELAY_API_KEY="a\tb", PORT=str(unused_port()))
    assert done.returncode == 2 and "RELAY_API_KEY" in done.stderr and "Traceback" not in done.stderr
    assert "a\tb" not in done.stderr


@pytest.mark.parametrize(
    "command", [("import_tickets", "none.csv"), ("triage", "--dry-run"), ("create_token", "alice")]
)
def test_a_command_on_a_database_that_was_never_set_up_says_so_in_a_sentence(tmp_path, command):
    settings = environ(DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3")
    done = subprocess.run([*MANAGE, *command], env=settings, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "new.sqlite3 has no tables yet: run `python manage.py migrate`" in done.stderr
    assert "Traceback" not in done.stderr
