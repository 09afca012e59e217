"""How long a token takes from the relay's socket to a browser's, through one web process with everything on.

    python bench/streams.py [--streams N …] [--seconds N] [--over N]

A relay in a process of its own sends every stream 50 tokens a second, each the time it was sent at; all processes
read the same monotonic clock. Clients are bare websockets in this process. Beside Collie (Daphne, drafts saved every
second, ledger, masking on) the same clients read through a bare asyncio pass-through that parses nothing. Counted are
the tokens sent while all streams were running. `--over` more drafts than the cap are asked for during the largest run
that the cap allows.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

RATE = 50  # tokens a second and stream
CAP = 120
STARTS = 10  # a second
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
SENT = re.compile(rb"(\d{12,20}) ")


# --- the relay ----------------------------------------------------------------------------------------------------
async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tokens: int) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
        writer.write(HEAD)
        due = asyncio.get_running_loop().time() + 0.3
        for _ in range(tokens):
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            due += 1 / RATE
            writer.write(event({"delta": {"content": f"{time.monotonic_ns()} "}}))
        writer.write(event({"delta": {}, "finish_reason": "stop"}) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        await writer.drain()
    writer.close()


def event(choice: dict[str, object]) -> bytes:
    data = b"data: " + json.dumps({"model": "m", "choices": [{"index": 0, **choice}]}).encode() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


def run_relay(listener: socket.socket, tokens: int) -> None:
    async def serve() -> None:
        server = await asyncio.start_server(lambda r, w: answer(r, w, tokens), sock=listener, backlog=512)
        await server.serve_forever()

    asyncio.run(serve())


# --- the pass-through -----------------------------------------------------------------------------------------------
def run_pass_through(listener: socket.socket, relay_port: int) -> None:
    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        far, to_far = await asyncio.open_connection("127.0.0.1", relay_port)
        to_far.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: relay\r\ncontent-length: 2\r\n\r\n{}")
        while data := await far.read(65536):
            writer.write(data)
        to_far.close()
        writer.close()

    async def serve() -> None:
        await (await asyncio.start_server(pipe, sock=listener, backlog=512)).serve_forever()

    asyncio.run(serve())


# --- the clients ----------------------------------------------------------------------------------------------------
@dataclass
class Reader(asyncio.Protocol):
    """One connection: what it says at first, and when each token had been sent and came."""

    hello: bytes
    request: bytes = b""
    tokens: list[tuple[int, int]] = field(default_factory=list)
    busy_after: float | None = None
    open: bool = False
    done: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.hello)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.open = self.open or b'"presence"' in data
        if self.tokens or b"snapshot" not in data:
            self.tokens += [(int(sent), now) for sent in SENT.findall(data)]
        if b'"busy"' in data:
            self.busy_after = time.perf_counter() - self.asked
        if b"draft.done" in data or b"draft.failed" in data or b"[DONE]" in data:
            if b"draft.done" in data:  # repeats the whole text
                self.tokens = [token for token in self.tokens if token[1] < now]
            self.done = True

    def ask(self) -> None:
        self.asked = time.perf_counter()
        self.transport.write(self.request)


def websocket(port: int, ticket: int, cookie: str, wish: dict[str, object]) -> Reader:
    key = base64.b64encode(os.urandom(16)).decode()
    hello = (
        f"GET /ws/tickets/{ticket}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: {cookie}\r\n\r\n"
    )
    text, mask = json.dumps(wish).encode(), os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
    return Reader(hello.encode(), bytes([0x81, 0x80 | len(text)]) + mask + masked)


async def read_all(port: int, readers: list[Reader], extra: list[Reader]) -> None:
    """Connect all, ask STARTS a second, then ask for `extra` too, and wait for the ends."""
    loop = asyncio.get_running_loop()
    for reader in readers + extra:
        await loop.create_connection(lambda reader=reader: reader, "127.0.0.1", port)
    while not all(reader.open for reader in readers + extra):
        await asyncio.sleep(0.1)
    for reader in readers:
        reader.ask()
        await asyncio.sleep(1 / STARTS)
    await asyncio.sleep(2)
    for reader in extra:
        reader.ask()
        await asyncio.sleep(0.05)
    until = loop.time() + 120
    while not all(reader.done for reader in readers) and loop.time() < until:
        await asyncio.sleep(0.1)
    for reader in readers + extra:
        reader.transport.close()


@dataclass
class Result:
    name: str
    streams: int
    delays: list[float]
    firsts: list[float]
    busy: list[float]
    cpu: float
    unfinished: int

    def row(self) -> str:
        cuts = statistics.quantiles(self.delays, n=100)
        first = statistics.quantiles(self.firsts, n=100)
        return (
            f"| {self.streams} | {self.name} | {cuts[49]:.2f} | {cuts[94]:.2f} | {cuts[98]:.2f} "
            f"| {max(self.delays):.0f} | {first[49]:.1f} | {first[94]:.1f} | {self.cpu:.0%} | {len(self.delays)} |"
            + (f" {self.unfinished} unfinished" if self.unfinished else "")
        )


def measure(name: str, port: int, readers: list[Reader], extra: list[Reader], pid: int) -> Result:
    before, began = cpu_seconds(pid), time.perf_counter()
    asyncio.run(read_all(port, readers, extra))
    cpu = (cpu_seconds(pid) - before) / (time.perf_counter() - began)
    from_, to = max(r.tokens[0][0] for r in readers), min(r.tokens[-1][0] for r in readers)
    delays = [(came - sent) / 1e6 for r in readers for sent, came in r.tokens if from_ <= sent <= to]
    firsts = [(r.tokens[0][1] - r.tokens[0][0]) / 1e6 for r in readers]
    busy = [r.busy_after * 1000 for r in extra if r.busy_after is not None]
    return Result(name, len(readers), delays, firsts, busy, cpu, sum(not r.done for r in readers))


def cpu_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


# --- the desk -------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def desk(relay_port: int, cap: int, tickets: int) -> Iterator[tuple[int, str, list[int], int]]:
    """Daphne on a new database: its port, a cookie, ids of tickets, its process id."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        environ = {
            "PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "SECRET_KEY": "b" * 50,
            "RELAY_BASE_URL": f"http://127.0.0.1:{relay_port}/v1", "RELAY_API_KEY": "bench", "RELAY_RPM": "100000",
            "DRAFT_MAX_STREAMS": str(cap), "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, __file__, "--prepare", str(tickets)], cwd=ROOT, env=environ, check=True,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        cookie, ids = json.loads(made.stdout.splitlines()[-1])
        daphne = Path(sys.executable).with_name("daphne")
        command = [str(daphne), "--fd", str(listener.fileno()), "config.asgi:application"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL
        )
        try:
            yield listener.getsockname()[1], cookie, ids, process.pid
        finally:
            process.kill()
            process.wait()


def prepare(tickets: int) -> None:
    """Make the database of this environment with an agent who is logged in and so many tickets."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from tickets.models import Customer, Ticket

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("agent", "agent@example.com", "bench-password")
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    customer = Customer.objects.create(email="erin@example.com", name="Erin")
    text = "My parcel has not come, please call me: +49 30 1234567 or erin@example.com."
    ids = [Ticket.objects.open(customer, text, subject=f"Parcel {n}").pk for n in range(tickets)]
    print(json.dumps([f"sessionid={client.cookies['sessionid'].value}", ids]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--over", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--prepare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        prepare(options.prepare)
        return
    print(f"load average before: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; milliseconds\n")
    print("| streams | through | p50 | p95 | p99 | max | first p50 | first p95 | its CPU | tokens |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    said = []
    for streams in options.streams * options.rounds:
        said += run(streams, options.seconds, options.over)
    print("\n" + "\n".join(said) + f"\nload average after: {os.getloadavg()[0]:.1f}")


def run(streams: int, seconds: float, over: int) -> list[str]:
    tokens = int((seconds + streams / STARTS) * RATE)
    listener, piped = (socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2))
    relay_port = listener.getsockname()[1]
    relay = multiprocessing.Process(target=run_relay, args=(listener, tokens), daemon=True)
    pipe = multiprocessing.Process(target=run_pass_through, args=(piped, relay_port), daemon=True)
    relay.start()
    pipe.start()
    try:
        bare = [Reader(b"", b"go\n", open=True) for _ in range(streams)]
        print(measure("pass-through", piped.getsockname()[1], bare, [], pipe.pid).row(), flush=True)
        extra = over if streams <= CAP else 0
        cap = streams if extra else max(CAP, streams)
        with desk(relay_port, cap, streams + extra) as (port, cookie, ids, pid):
            wish = {"type": "draft.start", "instruction": "", "tone": "friendly", "model": ""}
            readers = [websocket(port, ticket, cookie, wish) for ticket in ids]
            result = measure("Collie", port, readers[:streams], readers[streams:], pid)
            print(result.row(), flush=True)
    finally:
        relay.kill()
        pipe.kill()
    if not extra:
        return []
    slowest = max(result.busy, default=float("nan"))
    return [f"cap {cap}: {len(result.busy)} of {extra} more were told busy, the slowest after {slowest:.1f} ms"]


if __name__ == "__main__":
    main()
