"""A real web server on the test database, and clients for its websockets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 90  # seconds; a busy machine is slow, and no reason to fail
KEY = "test-key-that-must-not-leak"


def database_url() -> str:
    """Where the tests' own rows are, for another process."""
    database = connections["default"]
    values = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    login = f"{values['USER']}:{values['PASSWORD']}@" if values["USER"] else ""
    return f"postgres://{login}{values['HOST'] or 'localhost'}:{values['PORT'] or 5432}/{values['NAME']}"


class Server:
    """`daphne config.asgi:application` in a process of its own, as in production."""

    def __init__(self, relay_url: str, **environ: str) -> None:
        self.environ = {
            "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(),
            "SECRET_KEY": settings.SECRET_KEY, "RELAY_BASE_URL": relay_url, "RELAY_API_KEY": KEY, "RELAY_RPM": "6000",
            "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", **environ,
        }  # fmt: skip
        self.log: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self, *options: str) -> Server:
        """Listens from the first moment: who connects earlier than it can answer waits in the queue."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            # Daphne gives a handshake 5 s, which a server that was just started beside other tests may need.
            patient = ["--websocket_connect_timeout", str(int(PATIENCE))]
            daphne = str(Path(sys.executable).with_name("daphne"))
            command = [daphne, "--fd", str(listener.fileno()), *patient, *options]
            self.process = subprocess.Popen(
                [*command, "config.asgi:application"], cwd=settings.BASE_DIR, env=self.environ, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[listener.fileno()],
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def _read(self) -> None:
        self.log.extend(self.process.stdout)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def log_in(user) -> str:
    """The cookie of a new session of `user`."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "tickets.accounts.ProfileBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


class Client:
    """One websocket, as a page would hold it. `seen` is every frame as it came."""

    def __init__(self, socket) -> None:
        self.socket = socket
        self.seen: list[str] = []

    def send(self, type: str, **fields) -> None:
        self.socket.send(json.dumps({"type": type, **fields}))

    def receive(self) -> dict:
        text = self.socket.recv(timeout=PATIENCE)
        self.seen.append(text)
        return json.loads(text)

    def until(self, *types: str) -> dict:
        """The next frame of one of the types; others are passed over."""
        while True:
            frame = self.receive()
            if frame["type"] in types:
                return frame

    def draft(self, **wish) -> str:
        """Ask for a draft; its id."""
        self.send("draft.start", **wish)
        return self.until("draft.started")["draft"]

    def follow(self, text: str = "", seq: int = 0) -> tuple[str, dict]:
        """The text as deltas and snapshots build it up, and the frame that ended the draft."""
        while True:
            frame = self.until("draft.delta", "draft.snapshot", "draft.done", "draft.failed")
            if frame["type"] == "draft.delta":
                assert frame["seq"] == seq + 1, "a gap"
                seq, text = frame["seq"], text + frame["text"]
            elif frame["type"] == "draft.snapshot":
                seq, text = frame["seq"], frame["text"]
            else:
                return text, frame

    def close_code(self) -> int | None:
        """The code with which the server closes the socket; None when it just drops it."""
        try:
            while True:
                self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@contextmanager
def open_socket(server: Server, path: str, cookie: str = "", origin: str | None = "", **options):
    """A websocket to the server; `origin` is its own unless said, None for no such header."""
    headers = {"Cookie": cookie} if cookie else {}
    origin = server.origin if origin == "" else origin
    address = f"ws://127.0.0.1:{server.port}{path}"
    with connect(address, origin=origin, additional_headers=headers, open_timeout=PATIENCE, **options) as connection:
        yield Client(connection)
