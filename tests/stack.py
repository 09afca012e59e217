"""The product as it runs for real: relay, worker and web server, each a process, on a database file of their own.

Nothing of it is imported, so what is seen here is what people and machines see from outside.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from config.env import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
MANAGE = (sys.executable, "manage.py")
PATIENCE = 180.0  # seconds; a busy machine is slow, and no reason to fail


def environ(**own: str) -> dict[str, str]:
    """What a process gets to know: all settings at their defaults but `own`, whatever .env and the shell hold."""
    bare = {variable.name: "" for variable in VARIABLES}
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", **bare, **own}


def manage(*arguments: str, **own: str) -> subprocess.CompletedProcess[str]:
    """`python manage.py …` to its end."""
    return subprocess.run(
        [*MANAGE, *arguments], cwd=ROOT, env=environ(**own), text=True, capture_output=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@cache
def migrated() -> bytes:
    """A database as `migrate` leaves it: made once, since it takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "new.sqlite3")
        done = manage("migrate", "--verbosity", "0", DATABASE_URL=f"sqlite:///{database}")
        assert done.returncode == 0, done.stdout + done.stderr
        return database.read_bytes()


class Process:
    """A running command. `log` holds the lines it has written so far."""

    def __init__(self, *command: str, env: Mapping[str, str], fd: int | None = None) -> None:
        self.log: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._popen = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=() if fd is None else (fd,),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first place in its output where `pattern` is found; fails when it ends or stays silent."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or re.search(pattern, "".join(self.log)), PATIENCE)
        found = re.search(pattern, "".join(self.log))
        assert found, f"never said {pattern!r}:\n{''.join(self.log)}"
        return found

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> None:
        self._popen.terminate()

    def kill(self) -> None:
        """kill -9; returns when it is gone."""
        self._popen.kill()
        self.wait()

    def wait(self) -> None:
        """Until it has ended, which is made sure of after a while."""
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._reader.join()
        self._popen.stdout.close()

    def _read(self) -> None:
        for line in self._popen.stdout:
            with self._changed:
                self.log.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@dataclass(frozen=True)
class Desk:
    """A web server of a stack, by its port on this machine."""

    port: int
    pid: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log_in(self, name: str, password: str) -> str:
        """The Cookie header of somebody who logged in at the form."""
        jar = CookieJar()
        browser = build_opener(HTTPCookieProcessor(jar))
        address = f"{self.origin}/accounts/login/"
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', browser.open(address).read().decode())[1]
        form = {"username": name, "password": password, "csrfmiddlewaretoken": token}
        browser.open(address, urlencode(form).encode()).close()
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


class Stack:
    """A migrated database in `folder` and the processes on it; all of them end with the `with` block."""

    def __init__(self, folder: Path, **own: str) -> None:
        self._folder = folder
        self._database = folder / "stack.sqlite3"
        self._processes: list[Process] = []
        self.own = {
            "SECRET_KEY": "a key for tests alone, as long as keys should be at the very least",
            "DATABASE_URL": f"sqlite:///{self._database}", "RELAY_API_KEY": "simulated", "RELAY_RPM": "6000",
            "MEDIA_ROOT": str(folder / "media"), **own,
        }  # fmt: skip

    def __enter__(self) -> Stack:
        self._database.write_bytes(migrated())
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.end()
        for process in self._processes:
            process.wait()

    @property
    def log(self) -> str:
        return "".join(line for process in self._processes for line in process.log)

    def manage(self, *arguments: str, **own: str) -> str:
        """What a command that succeeds writes to standard output."""
        done = self.run(*arguments, **own)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments: str, **own: str) -> subprocess.CompletedProcess[str]:
        return manage(*arguments, **{**self.own, **own})

    def load(self, tickets: Iterable[Mapping[str, Any]]) -> list[int]:
        """Import tickets, given as the fields of `import_tickets`; their ids in order."""
        last = self.rows("SELECT coalesce(max(id), 0) FROM tickets_ticket")[0][0]
        file = self._folder / "tickets.jsonl"
        file.write_text("".join(json.dumps(ticket) + "\n" for ticket in tickets))
        self.manage("import_tickets", str(file))
        return [row[0] for row in self.rows("SELECT id FROM tickets_ticket WHERE id > ? ORDER BY id", last)]

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """What the database holds, read past all of our own code."""
        with closing(sqlite3.connect(self._database, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def start_relay(self, *options: str) -> str:
        """The base URL of a simulated relay."""
        process = self._start(*MANAGE, "simulate_relay", "--port", "0", *options)
        return process.wait_for(r"listening on (http://\S+)\s")[1]

    def start_worker(self, relay_url: str, **own: str) -> Process:
        process = self._start(*MANAGE, "worker", RELAY_BASE_URL=relay_url, **own)
        process.wait_for("worker \\d+ started")
        return process

    def start_desk(self, relay_url: str, **own: str) -> Desk:
        """A web server. It listens from the first moment: who comes too early waits in the queue."""
        daphne = str(Path(sys.executable).with_name("daphne"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fd = listener.fileno()
            web = self._start(
                daphne, "--fd", str(fd), "--websocket_connect_timeout", "60", "config.asgi:application",
                fd=fd, RELAY_BASE_URL=relay_url, **own,
            )  # fmt: skip
            return Desk(listener.getsockname()[1], web.pid)

    def _start(self, *command: str, fd: int | None = None, **own: str) -> Process:
        process = Process(*command, env=environ(**{**self.own, **own}), fd=fd)
        self._processes.append(process)
        return process
