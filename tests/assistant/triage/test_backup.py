"""A backup taken in the middle of a run, by the commands that docs/deploying.md tells, and restored elsewhere."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections

from assistant.models import TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage.engine import Engine
from tests.assistant.sockets import database_url
from tests.stack import MANAGE, ROOT, Process, environ
from tests.test_compose import database_like

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 90.0
GUIDE = (ROOT / "docs" / "deploying.md").read_text().splitlines()


def documented(program: str, **names: str) -> str:
    """The line of the guide that begins with `program`, without its comment and with other names in it."""
    line = next(line for line in GUIDE if line.startswith(f"{program} ")).split(" && ")[0].split("   ")[0]
    for name, other in names.items():
        assert name in line
        line = line.replace(name, other)
    return line


@contextmanager
def copy_of_the_database(folder: Path):
    """The URL of a database that a backup of this one, taken now, was restored into."""
    copy = _copied_file if connection.vendor == "sqlite" else _copied_server
    with copy(folder) as url:
        yield url


def _copied_file(folder: Path):
    source, copy = str(connection.settings_dict["NAME"]), str(folder / "copy.sqlite3")
    command = documented("sqlite3", **{"var/collie.sqlite3": source, "collie-backup.sqlite3": copy})
    if shutil.which("sqlite3"):
        subprocess.run(shlex.split(command), check=True, timeout=PATIENCE)
    else:  # what that program does, by the same function of the library
        with closing(sqlite3.connect(source)) as running, closing(sqlite3.connect(copy)) as backup:
            running.backup(backup)
    return nullcontext(f"sqlite:///{copy}")


@contextmanager
def _copied_server(folder: Path):
    if not shutil.which("pg_dump"):
        pytest.skip("needs PostgreSQL's client programs")
    own = connection.settings_dict
    server = {
        "PGHOST": own["HOST"],
        "PGPORT": own["PORT"] or "5432",
        "PGUSER": own["USER"],
        "PGPASSWORD": own["PASSWORD"],
    }
    env = os.environ | {name: str(value) for name, value in server.items()}
    _run(documented("pg_dump", **{" collie ": f" {own['NAME']} "}), folder, env)
    with database_like(database_url()) as url:
        _run(documented("pg_restore", **{"--dbname collie ": f"--dbname {url.rpartition('/')[2]} "}), folder, env)
        yield url


def _run(command: str, folder: Path, env: dict[str, str]) -> None:
    subprocess.run(command, shell=True, check=True, cwd=folder, env=env, timeout=PATIENCE)


def rows(url: str, sql: str) -> list[tuple]:
    """What a database holds, read past all of our own code."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as file:
            return file.execute(sql).fetchall()
    with psycopg.connect(url) as server:
        return server.execute(sql).fetchall()


def work_until_done(url: str, relay: SimulatedRelay, folder: Path) -> None:
    """What an operator does with the copy: start a worker."""
    own = {"SECRET_KEY": "of this test", "RELAY_API_KEY": "simulated", "RELAY_RPM": "6000", "MEDIA_ROOT": str(folder)}
    env = environ(DATABASE_URL=url, RELAY_BASE_URL=relay.base_url, **own)
    worker = Process(*MANAGE, "worker", env=env)
    try:
        deadline = time.monotonic() + PATIENCE
        while rows(url, "SELECT state FROM assistant_triagerun") != [("done",)]:
            assert time.monotonic() < deadline, "".join(worker.log)
            time.sleep(0.05)
    finally:
        worker.end()
        worker.wait()


def work_on(run: TriageRun) -> None:
    try:
        Engine(4, run_id=run.pk, lease_seconds=1).run()
    finally:
        connections.close_all()


def test_a_run_ends_in_a_restored_backup_and_asks_again_only_what_was_under_way(bench, make_tickets, relay, tmp_path):
    make_tickets(40)
    run = bench.start(batch_size=5, concurrency=4)
    assert bench.step() and bench.step()
    relay.hold()
    engine = threading.Thread(target=work_on, args=(run,))
    engine.start()
    relay.wait_until(lambda relay: relay.held == 4)
    with copy_of_the_database(tmp_path) as copy, SimulatedRelay(seed=8) as other:
        relay.release()
        engine.join(PATIENCE)
        run.refresh_from_db()
        assert (run.state, run.classified, relay.requests) == (TriageRun.State.DONE, 40, 8)
        states = Counter(state for (state,) in rows(copy, "SELECT state FROM assistant_triagechunk"))
        assert states == {"done": 2, "leased": 4, "pending": 2}
        work_until_done(copy, other, tmp_path)
        assert other.requests == 4 + 2
        assert rows(copy, "SELECT classified, needs_human, failed FROM assistant_triagerun") == [(40, 0, 0)]
        for once in ("tickets_classification", "tickets_ticketevent WHERE kind = 'category'"):
            assert rows(copy, f"SELECT count(*), count(DISTINCT ticket_id) FROM {once}") == [(40, 40)]
        calls = Counter(state for (state,) in rows(copy, "SELECT state FROM assistant_relaycall"))
        assert (calls.pop("settled"), sum(calls.values())) == (8, 4)  # told as "outcome unknown", never hidden
