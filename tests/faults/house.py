"""The product on PostgreSQL and Redis, each process for real, with a proxy in front of whatever it leans on.

FAULTS_LOG names a file for the lines that all its processes have logged, to look at afterwards.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import dj_database_url
import psycopg
import requests

from assistant.simulator import SimulatedRelay
from tests.faults.proxy import Proxy
from tests.stack import MANAGE, Process, environ, manage
from tests.waiting import until

PATIENCE = 120.0  # seconds; a busy machine is slow, and no reason to fail
SEED = 3
STARTED = r"worker \d+ started"
T = TypeVar("T")


def service(name: str, default: str) -> str:
    """Where a service is: `make test-services` says it; `make soak` may, with TEST_ before the name."""
    return os.environ.get(name) or os.environ.get(f"TEST_{name}") or default


def eventually(look: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    return until(look, what, patience)


def through(url: str, proxy: Proxy, path: str | None = None) -> str:
    """The same service by way of the proxy."""
    parts = urlsplit(url)
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return urlunsplit((parts.scheme, f"{login}127.0.0.1:{proxy.port}", path or parts.path, parts.query, ""))


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """A database of its own on the server of `url`."""
    name = f"faults_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(re.sub(r"/[^/]*$", "/postgres", url), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield re.sub(r"/[^/]*$", f"/{name}", url)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Running:
    """A process of the house that may be killed and started again in its place."""

    name: str
    command: tuple[str, ...]
    process: Process
    port: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, cookie: str = "", timeout: float = PATIENCE) -> requests.Response:
        headers = {"Cookie": cookie} if cookie else {}
        return requests.get(self.origin + path, headers=headers, timeout=timeout, allow_redirects=False)

    def answers(self) -> bool:
        try:
            return self.get("/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def is_up(self) -> bool:
        return self.answers() if self.port else re.search(STARTED, "".join(self.process.log)) is not None


class House:
    """`db`, `redis` and `to_relay` are the proxies; `relay` is what is behind the last. All ends with the block."""

    def __init__(self, *, redis_db: int = 12, **own: str) -> None:
        self._redis_db = redis_db
        self._own = own
        self.running: list[Running] = []
        self.ended: list[Running] = []

    def __enter__(self) -> House:
        with ExitStack() as stack:
            self._build(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self, stack: ExitStack) -> None:
        self.database = stack.enter_context(
            empty_database(service("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres"))
        )
        redis = service("REDIS_URL", "redis://127.0.0.1:6379/9")
        self.relay = stack.enter_context(SimulatedRelay(seed=SEED))
        self.db = stack.enter_context(Proxy(dj_database_url.parse(self.database)["PORT"] or 5432))
        self.redis = stack.enter_context(Proxy(urlsplit(redis).port or 6379))
        self.to_relay = stack.enter_context(Proxy(self.relay.port))
        stack.callback(self._end)
        self.redis_url = urlunsplit(urlsplit(redis)._replace(path=f"/{self._redis_db}"))
        self.env = {
            "SECRET_KEY": "a key for tests alone, as long as keys should be at the very least",
            "DATABASE_URL": through(self.database, self.db), "REDIS_URL": through(self.redis_url, self.redis),
            "RELAY_BASE_URL": f"http://127.0.0.1:{self.to_relay.port}/v1", "RELAY_API_KEY": "simulated",
            "RELAY_RPM": "1000000", **self._own,
        }  # fmt: skip
        with (Path(tempfile.gettempdir()) / "collie-collectstatic.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # other tests may be at it
            self.manage("collectstatic", "--noinput", "--verbosity", "0")
        self.manage("migrate", "--verbosity", "0")
        self._rows = stack.enter_context(psycopg.connect(self.database, autocommit=True))

    def _end(self) -> None:
        if kept := os.environ.get("FAULTS_LOG"):
            Path(kept).write_text(self.log)
        for one in self.running:
            one.process.end()
        for one in self.running:
            one.process.wait()

    @property
    def log(self) -> str:
        return "".join(f"{one.name} {line}" for one in [*self.ended, *self.running] for line in one.process.log)

    def manage(self, *arguments: str) -> str:
        done = manage(*arguments, **self.env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fill(self, *, agents: int, tickets: int) -> dict[str, list[Any]]:
        """`cookies` and `tokens` of so many agents, ids of `tickets`."""
        said = self.manage("shell", "-c", f"from tests.faults.people import fill; fill({agents}, {tickets})")
        found: dict[str, list[Any]] = json.loads(said.splitlines()[-1])
        return found

    def start_run(self, batch_size: int = 20, concurrency: int = 4) -> None:
        self.manage(
            "shell", "-c", f"from tests.faults.people import start_run; start_run({batch_size}, {concurrency})"
        )

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, read past our own code and past the proxy."""
        return self._rows.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        return self.rows(sql, *values)[0][0]

    def start_web(self) -> Running:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        daphne = str(Path(sys.executable).with_name("daphne"))
        web = self._start("web", daphne, "--port", str(port), "config.asgi:application", port=port)
        eventually(web.answers, "the web process answers")
        return web

    def start_worker(self, lease_seconds: float = 60) -> Running:
        worker = self._start("worker", *MANAGE, "worker", "--lease-seconds", str(lease_seconds))
        worker.process.wait_for(STARTED)
        return worker

    def _start(self, name: str, *command: str, port: int = 0) -> Running:
        one = Running(name, command, Process(*command, env=environ(**self.env)), port)
        self.running.append(one)
        return one

    def kill(self, one: Running) -> Running:
        """kill -9, and another in its place at once, as whatever supervises it would do."""
        one.process.kill()
        self.running.remove(one)
        self.ended.append(one)
        return self._start(one.name, *one.command, port=one.port)
