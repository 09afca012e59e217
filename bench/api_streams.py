# ruff: noqa: E402  (Django is set up before its models are imported)
"""How soon a program hears of the relay's first token, and what a hundred streams at once leave to other requests.

    python bench/api_streams.py [--streams N] [--reads N] [--seconds S]

A relay in a process of its own sends every stream 50 tokens a second, each the time it was sent at; all processes
read the same monotonic clock. First one stream after the other is followed (drafts by `stream/`, questions by
`assist/`), then `--streams` drafts at once, while tickets are read `--reads` times a second. One Daphne, a database
of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.support.alone import set_up

RELAY = socket.create_server(("127.0.0.1", 0), backlog=512)
FOLDER = set_up(
    DJANGO_SETTINGS_MODULE="bench.api_server.settings",
    RELAY_BASE_URL=f"http://127.0.0.1:{RELAY.getsockname()[1]}/v1",
    RELAY_RPM="100000",
    SECRET_KEY="for the bench alone, as long as keys should be at the very least",
)

from django.contrib.auth.models import User
from django.core.management import call_command

from bench.streams import RATE, run_relay
from tickets.access import grant_admins
from tickets.models import ApiToken, Customer, Ticket

ONE_BY_ONE = 20
FORK = multiprocessing.get_context("fork")
STAMP = re.compile(rb"(\d{12,20}) ")


class Program:
    """Asks with a token, over a connection for each request."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    @contextlib.contextmanager
    def open(self, method: str, path: str, body: object = None):
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with contextlib.closing(line):
            line.request(method, path, None if body is None else json.dumps(body), self._headers)
            yield line.getresponse()

    def first_byte(self, method: str, path: str, body: object = None, whole: bool = False) -> tuple[float, bool]:
        """Milliseconds from the relay's first token to the reader, and, where the `whole` stream is read, whether it
        came to its good end."""
        delay, text = 0.0, b""
        with self.open(method, path, body) as answer:
            while piece := answer.read1(65536):
                now = time.monotonic_ns()
                text += piece
                if not delay and (found := STAMP.search(text)):
                    delay = (now - int(found[1])) / 1e6
                    if not whole:
                        break
        return delay, b"draft.done" in text or b"[DONE]" in text

    def draft(self, ticket: int) -> str:
        with self.open("POST", f"/api/v1/tickets/{ticket}/drafts/", {}) as answer:
            said = json.loads(answer.read())
            assert answer.status == 202, said
            return str(said["stream_url"])


def told(title: str, delays: list[float]) -> None:
    middle, high = statistics.median(delays), statistics.quantiles(delays, n=20)[18]
    print(f"| {title} | {len(delays)} | {middle:.1f} | {high:.1f} | {max(delays):.1f} |", flush=True)


class Reads:
    """Tickets read at a steady rate by a few threads: how long each took, and how many failed."""

    def __init__(self, program: Program, ids: list[int], rate: float, threads: int = 8) -> None:
        self.took: list[float] = []
        self.failed = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(program, ids[n::threads], threads / rate))
            for n in range(threads)
        ]

    def __enter__(self) -> Reads:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, program: Program, ids: list[int], pause: float) -> None:
        due, number = time.perf_counter(), 0
        while not self._stop.is_set():
            number += 1
            began = time.perf_counter()
            try:
                with program.open("GET", f"/api/v1/tickets/{ids[number % len(ids)]}/") as answer:
                    answer.read()
                    self.failed += answer.status != 200
            except OSError:
                self.failed += 1
            self.took.append((time.perf_counter() - began) * 1000)
            due += pause
            self._stop.wait(max(0.0, due - time.perf_counter()))


def follow_all(program: Program, ids: list[int], told: Connection) -> None:
    """Start and follow a draft of each ticket, ten more a second; a process of its own, so that reads measured beside
    do not wait for this interpreter."""
    results: list[tuple[float, bool]] = []

    def follow(ticket: int) -> None:
        try:
            found = program.first_byte("GET", program.draft(ticket), whole=True)
        except (OSError, AssertionError):
            found = (0.0, False)
        results.append(found)

    threads = [threading.Thread(target=follow, args=(ticket,)) for ticket in ids]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    told.send(results)


def at_once(program: Program, ids: list[int], rate: float) -> None:
    here, there = multiprocessing.Pipe()
    following = FORK.Process(target=follow_all, args=(program, ids, there), daemon=True)
    began = time.perf_counter()
    with Reads(program, ids, rate) as reads:
        following.start()
        results = here.recv()
        seconds = time.perf_counter() - began
    told(f"{len(ids)} drafts at once, tickets read beside them", [delay for delay, _ in results if delay])
    broken = sum(not good for _, good in results)
    middle, high = statistics.median(reads.took), statistics.quantiles(reads.took, n=20)[18]
    print(
        f"\nIn {seconds:.0f} s {len(reads.took) / seconds:.0f} reads a second ({rate:.0f} were tried), p50 "
        f"{middle:.0f}, p95 {high:.0f} ms, {reads.failed} failed; {broken} streams without their end."
    )


@contextlib.contextmanager
def desk():
    """Daphne; its port."""
    daphne = str(Path(sys.executable).with_name("daphne"))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        command = [daphne, "--fd", str(listener.fileno()), "config.asgi:application"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()], **quiet)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--reads", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=20, help="of each draft among many")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    grant_admins()
    user = User.objects.create_superuser("carol")
    customer = Customer.objects.create(email="erin@example.com")
    ids = [Ticket.objects.open(customer, f"Charged twice {n}").pk for n in range(options.streams)]
    token = ApiToken.issue(user, "bench")[1]
    relay = FORK.Process(target=run_relay, args=(RELAY, int(options.seconds * RATE)), daemon=True)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the relay minds readers that leave after the first token
    relay.start()
    print(f"Load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; milliseconds.\n")
    print("| from the relay's first token to the reader's | n | p50 | p95 | most |\n|---|---:|---:|---:|---:|")
    with desk() as port:
        program = Program(port, token)
        program.first_byte("GET", program.draft(ids[0]))
        told("a draft", [program.first_byte("GET", program.draft(ids[0]))[0] for _ in range(ONE_BY_ONE)])
        body = {"prompt": "Hello?", "user_waiting": True}
        told("a question", [program.first_byte("POST", "/api/v1/assist/", body)[0] for _ in range(ONE_BY_ONE)])
        at_once(program, ids, options.reads)
    relay.terminate()


if __name__ == "__main__":
    main()
