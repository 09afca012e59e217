# ruff: noqa: E402  (Django is set up before its models are imported)
"""The desk with a million tickets: how long its pages take in the process, and how many queries they make.

    python bench/inbox.py [--tickets N] [--rounds N] [--keep FILE] [--peer PYTHON]

Seeds a SQLite database (some minutes; `--keep` makes it once and finds it again) and asks for each page `--rounds`
times, as an admin who sees all (carol), an agent of one team in eight (alice), and one of a team with three tickets
(frank). `--peer` is the Python of an environment with django-helpdesk 2.6.1: then its list and its API are measured
on the same 10,000 tickets as Collie's, in the same run.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--tickets", type=int, default=1_000_000)
parser.add_argument("--rounds", type=int, default=60)
parser.add_argument("--keep", type=Path)
parser.add_argument("--peer", type=Path)
parser.add_argument("--export", type=Path, help=argparse.SUPPRESS)
OPTIONS = parser.parse_args()
COLUMNS, RULE = "queries | p50 ms | p95 ms | p95 of processor time", "---:|---:|---:|---:"
FOLDER = tempfile.TemporaryDirectory()
FILE = OPTIONS.keep.resolve() if OPTIONS.keep else Path(FOLDER.name, "bench.sqlite3")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "RELAY_API_KEY": "bench", "ALLOWED_HOSTS": "testserver"}
os.environ["DATABASE_URL"] = f"sqlite:///{FILE}"

import django

django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from inbox_seed import VOCABULARY, seed

from tickets.fulltext import parse
from tickets.fulltext.ticket_words import TICKETS
from tickets.models import Message, Ticket
from tickets.paging import cursor_of


def main() -> None:
    fresh = not FILE.exists()
    call_command("migrate", verbosity=0)
    if fresh:
        begun = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
        seed(OPTIONS.tickets)
        print(f"Seeded {OPTIONS.tickets:,} tickets in {time.monotonic() - begun:.0f} s.\n")
    clients = {name: _client(name) for name in ("carol", "alice", "frank")}
    print(f"Load average at the start: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores.\n")
    print(f"| page | who | tickets found | {COLUMNS} |\n|---|---|---:|{RULE}|")
    for name, client in clients.items():
        for page, address, found in _pages(client):
            _measure(page, name, found, lambda address=address, client=client: client.get(address))
    if OPTIONS.export:
        _export(OPTIONS.export)
    if OPTIONS.peer:
        _beside_the_peer()


def _client(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def _pages(client: Client) -> list[tuple[str, str, str]]:
    """Name, address, how many tickets a search finds."""
    deep = {}
    for label, query in (("open", "status=open"), ("all", "status=any"), ("waiting", "sort=waiting"),
                         ("priority", "status=open&sort=priority")):  # fmt: skip
        after = ""
        for _page in range(20):
            address = f"/?{query}&after={after}" if after else f"/?{query}"
            onward = re.search(r'rel="next" href="[^"]*after=([\w-]+)"', _text(client, address))
            after = onward[1] if onward else after
        deep[label] = f"/?{query}&after={after}"
    ticket = re.search(r'href="(/tickets/\d+/)', _text(client, "/?status=any"))[1]
    pages = [("inbox", "/", ""), ("all tickets", "/?status=any", ""), ("a ticket", ticket, "")]
    pages += [(f"page 20 of {label}", address, "") for label, address in deep.items()]
    pages += [("middle of all", f"/?status=any&after={_middle()}", "")]
    for ranks in ((300, 700), (120, 60), (20, 50), (3, 5)):
        text = " ".join(VOCABULARY[rank] for rank in ranks)
        found = TICKETS.count(parse(text), OPTIONS.tickets)
        pages.append(("search of two words", f"/?status=any&q={text.replace(' ', '+')}", f"{found:,}"))
    text = VOCABULARY[1]
    pages.append(("search of one common word", f"/?status=any&q={text}", f"{TICKETS.count(parse(text), 10**9):,}"))
    return pages


def _text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def _middle() -> str:
    half = Ticket.objects.order_by("-last_message", "-pk")[OPTIONS.tickets // 2]
    return cursor_of("last_message", half)


def _measure(page: str, who: str, found: str, get: Callable) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert get().status_code == 200
    asked = len(queries)  # now: the next request begins the log anew
    taken, worked = [], []
    for _round in range(OPTIONS.rounds):
        begun, busy = time.perf_counter(), time.process_time()
        get()
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    p95, work = statistics.quantiles(taken, n=20)[-1], statistics.quantiles(worked, n=20)[-1]
    print(
        f"| {page} | {who} | {found} | {asked} | {statistics.median(taken):.1f} | {p95:.1f} | {work:.1f} |",
        flush=True,
    )


def _beside_the_peer() -> None:
    """The same 10,000 tickets in both, each in a process of its own on a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "tickets.json")
        print("\nCollie with 10,000 tickets:\n", flush=True)
        own = ["--tickets", "10000", "--rounds", str(OPTIONS.rounds), "--export", str(rows)]
        subprocess.run([sys.executable, __file__, *own], check=True)
        print(f"\ndjango-helpdesk with the same:\n\n| page | {COLUMNS} |\n|---|{RULE}|", flush=True)
        peer = [str(OPTIONS.peer.absolute()), str(ROOT / "bench/helpdesk_peer.py"), str(rows), str(OPTIONS.rounds)]
        done = subprocess.run(peer, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
        for row in json.loads(done.stdout.splitlines()[-1]):
            print("| " + " | ".join(row) + " |")


def _export(file: Path) -> None:
    """The tickets as django-helpdesk has them."""
    numbers = {"open": 1, "pending": 2, "resolved": 3, "closed": 4, "high": 2, "medium": 3, "low": 4}
    openings = Message.objects.filter(kind="customer").select_related("ticket__customer").order_by("pk")
    file.write_text(json.dumps([
        {"title": m.ticket.subject, "description": m.body, "submitter_email": m.ticket.customer.email,
         "created": m.created.isoformat(), "status": numbers[m.ticket.status], "priority": numbers[m.ticket.priority]}
        for m in openings
    ]))  # fmt: skip


if __name__ == "__main__":
    main()
