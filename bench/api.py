# ruff: noqa: E402  (Django is set up before its models are imported)
"""How long the REST API takes over its lists, at any depth, and how many requests a second it answers.

    python bench/api.py [--tickets N] [--served N] [--seconds S] [--keep FILE]

First in this process, over N tickets (a million): the list of 50 at random depths, for an admin and for an agent of
one team in eight, with filters, and single tickets; milliseconds, those of the processor alone, and queries. Then
through Daphne over another,
smaller database: requests a second beside a plain Django REST framework list of the same fields with the same
authentication (bench/api_server/urls.py), in turns. Works on databases of its own; `--keep` seeds the large one once
and finds it again. bench/helpdesk_peer.py has django-helpdesk's API beside it.
"""

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--tickets", type=int, default=1_000_000)
parser.add_argument("--served", type=int, default=10_000)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--keep", type=Path)
parser.add_argument("--part", choices=["in-process", "served"], help=argparse.SUPPRESS)
OPTIONS = parser.parse_args()
FOLDER = tempfile.TemporaryDirectory()
KEPT = OPTIONS.keep.resolve() if OPTIONS.keep and OPTIONS.part != "served" else None
FILE = KEPT or Path(FOLDER.name, "bench.sqlite3")
OWN = {
    "DJANGO_SETTINGS_MODULE": "bench.api_server.settings",
    "DATABASE_URL": f"sqlite:///{FILE}",
    "RELAY_API_KEY": "bench",
    "ALLOWED_HOSTS": "testserver",
    "SECRET_KEY": "for the bench alone, as long as keys should be at the very least",
}
os.environ |= OWN

import config.asgi  # noqa: F401, I001  sets Django up, and the process as it serves

from django.contrib.auth.models import User
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.db.models import Max, Min
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from bench.support.seed import seed
from tickets.access import tickets_for
from tickets.models import ApiToken, Ticket
from tickets.paging import cursor_of

ASKED = 200
HEAD = "| asked for | p50 | p95 | p50 of the processor | p95 of the processor | queries | rows, at least |"
HEAD += "\n|---|---:|---:|---:|---:|---:|---:|"
CHANCE = random.Random(11)


def cursor(user, ordering: str = "-created_at") -> str:
    """A cursor of ours at a moment drawn by lot."""
    column = {"created_at": "created", "updated_at": "updated"}[ordering.removeprefix("-")]
    bounds = tickets_for(user).aggregate(first=Min(column), last=Max(column))
    moment = bounds["first"] + (bounds["last"] - bounds["first"]) * CHANCE.uniform(0.1, 1)
    place = tickets_for(user).filter(**{f"{column}__lte": moment}).order_by(f"-{column}").values("pk", column).first()
    return signing.dumps([ordering, cursor_of(column, place)], salt="api-cursor") if place else ""


def client(user) -> APIClient:
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(user, 'bench')[1]}")
    return made


def measure(title: str, caller: APIClient, addresses: list[str]) -> None:
    caller.get(addresses[0])
    took, worked, queries, rows = [], [], 0, []
    for number, address in enumerate(addresses):
        if number % 20 == 0:
            with CaptureQueriesContext(connection) as captured:
                caller.get(address)
            queries = max(queries, len(captured))
        began, busy = time.perf_counter(), time.process_time()
        answer = caller.get(address)
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - busy) * 1000)
        time.sleep(took[-1] / 5000)  # the kernel holds up whoever runs with real-time priority without a pause
        assert answer.status_code == 200, answer.content
        rows.append(len(answer.json().get("results", "x")))
    high, own = (statistics.quantiles(times, n=100)[94] for times in (took, worked))
    cells = [statistics.median(took), high, statistics.median(worked), own]
    print(f"| {title} | {' | '.join(f'{cell:.1f}' for cell in cells)} | {queries} | {min(rows)} |", flush=True)


def in_process(count: int) -> None:
    people = {user.username: user for user in User.objects.filter(username__in=["alice", "carol"])} or seed(count)
    print(f"\n{Ticket.objects.count():,} tickets, in process; milliseconds over {ASKED} requests\n")
    print(HEAD)
    for name in ("carol", "alice"):
        user, caller = people[name], client(people[name])
        who = {"carol": "an admin", "alice": "an agent of one team in eight"}[name]
        pages = [f"/api/v1/tickets/?cursor={cursor(user)}" for _ in range(ASKED)]
        measure(f"{who}: 50 tickets at any depth", caller, pages)
        measure(f"{who}: status=open at any depth", caller, [f"{page}&status=open" for page in pages])
        measure(f"{who}: the first page, by change", caller, ["/api/v1/tickets/?ordering=-updated_at"] * ASKED)
        ids = list(tickets_for(user).order_by("?").values_list("pk", flat=True)[:ASKED])
        measure(f"{who}: one ticket", caller, [f"/api/v1/tickets/{pk}/" for pk in ids])


class Server:
    """Daphne over the database of OWN."""

    def __enter__(self) -> "Server":
        daphne = str(Path(sys.executable).with_name("daphne"))
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:  # who comes too early waits in the queue
            self.port = listener.getsockname()[1]
            command = [daphne, "--fd", str(listener.fileno()), "config.asgi:application"]
            self.process = subprocess.Popen(
                command, cwd=ROOT, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


def requests_a_second(port: int, address: str, token: str, seconds: float, clients: int = 4) -> float:
    """Answered by `clients` who ask one after the other over a kept connection."""
    counts, until = [0] * clients, time.perf_counter() + seconds

    def ask(number: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            line.request("GET", address, headers={"Authorization": f"Token {token}"})
            answer = line.getresponse()
            assert answer.status == 200 and len(json.loads(answer.read())["results"]) == 50
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def served(count: int, seconds: float) -> None:
    user = User.objects.get(username="carol")
    token = ApiToken.issue(user, "bench")[1]
    ways = {"Collie": "/api/v1/tickets/", "plain ModelSerializer list": "/plain/"}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with Server() as server:
        for address in ways.values():
            requests_a_second(server.port, address, token, 1)
        for _round in range(5):
            for name, address in ways.items():
                rates[name].append(requests_a_second(server.port, address, token, seconds))
    print(f"\n{count:,} tickets, 50 a page, through Daphne; requests a second, five rounds in turns\n")
    print("| way | median | each round |\n|---|---:|---|")
    for name, found in rates.items():
        print(f"| {name} | {statistics.median(found):.1f} | {', '.join(f'{rate:.1f}' for rate in found)} |")
    ratio = statistics.median(ours / plain for ours, plain in zip(*rates.values(), strict=True))
    print(f"\nCollie answers {ratio:.2f} times as many requests as the plain list.")


def main() -> None:
    if OPTIONS.part is None:  # a process for each, since each has a database of its own
        for part in ("in-process", "served"):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--part", part], check=True)
        return
    call_command("migrate", verbosity=0)
    if OPTIONS.part == "in-process":
        in_process(OPTIONS.tickets)
        return
    seed(OPTIONS.served)
    served(OPTIONS.served, OPTIONS.seconds)


if __name__ == "__main__":
    main()
