"""Several processes under one terminal, for `make demo` and `make serve`: honcho runs the lines of the Procfile."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management.base import CommandError
from honcho import environ as procfile
from honcho.manager import KILL_WAIT, Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

PATIENCE = 60.0
LAST_PORT = 65535


def chosen_port(environ: Mapping[str, str], command: str) -> int:
    """The port that PORT names (8000 without it), free to listen on. Raises CommandError with exit code 2."""
    text = environ.get("PORT", "").strip() or "8000"
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LAST_PORT)) else 0
    if not 1 <= port <= LAST_PORT:
        raise CommandError(f"PORT must be a whole number from 1 to {LAST_PORT}, not {text!r}.", returncode=2)
    if not port_is_free(port):
        raise CommandError(f"Port {port} is in use. Choose another: make {command} PORT=…", returncode=2)
    return port


def port_is_free(port: int) -> bool:
    """Whether this machine's loopback interface can listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_port(port: int, patience: float = PATIENCE) -> bool:
    """Wait up to `patience` seconds until something listens on `port`."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def run_all(environ: Mapping[str, str], port: int, announce: Callable[[], None], **further: str) -> int:
    """Run the Procfile's processes and `further` ones (name=command line) until one ends or Ctrl-C; then all end.

    They end too when this process does, however that happens. `announce` is called once when the web process answers.
    Returns the exit code.
    """
    lines = procfile.parse_procfile(Path(settings.BASE_DIR, "Procfile").read_text()).processes
    scripts = str(Path(sys.executable).parent)
    child_environ = {**environ, "PORT": str(port), "PATH": f"{scripts}{os.pathsep}{environ.get('PATH', '')}"}
    manager = Manager(Printer(sys.stdout, prefix=True, colour=sys.stdout.isatty()))
    tether, held = multiprocessing.Pipe(duplex=False)
    manager._process_ctor = lambda *args, **kwargs: _Tethered(tether, held, *args, **kwargs)
    for name, command in {**further, **lines}.items():
        manager.add_process(name, command, env={**child_environ, "PYTHONUNBUFFERED": "1"}, cwd=str(settings.BASE_DIR))
    threading.Thread(target=_announce_when_ready, args=(port, announce), daemon=True).start()
    try:
        manager.loop()
    except BrokenPipeError:  # nobody reads our output any more, as after `make serve | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        held.close()
        for runner in multiprocessing.active_children():
            runner.join()
    return int(manager.returncode or 0)


class _Tethered(Process):
    """A command that ends with the process that started it.

    honcho runs each command below a process of its own, which outlives a parent that dies. Here that process reads a
    pipe whose other end the parent alone holds: closed by whatever ends the parent, kill -9 included.
    """

    def __init__(self, tether: Connection, held: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tether = tether
        self._held = held

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        self._held.close()
        signal.signal(signal.SIGHUP, lambda *_: None)  # a closed terminal ends the parent; the command is ended below
        self._child_ctor = self._open
        super().run(events, ignore_signals)

    def _open(self, *args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        child = Popen(*args, **kwargs)
        threading.Thread(target=self._end_with_parent, args=(child,), daemon=True).start()
        return child

    def _end_with_parent(self, child: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(EOFError):
            self._tether.recv()
        self._events.cancel_join_thread()  # nobody reads them any more
        for name in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, name)  # the command leads a group of its own
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(KILL_WAIT)
                return


def _announce_when_ready(port: int, announce: Callable[[], None]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            with contextlib.suppress(BrokenPipeError):  # the next line of output ends the processes
                announce()
            return
