# ruff: noqa: E402  (Django is set up before its models are imported)
"""The desk with a million tickets: how long its pages take in the process, and how many queries they make.

    python bench/inbox.py [--tickets N] [--rounds N] [--keep FILE] [--who NAME …]

Seeds a SQLite database (some minutes; `--keep` makes it once and finds it again) and asks for each page `--rounds`
times, as an admin who sees all (carol), an agent of one team in eight (alice), and one of a team with three tickets
(frank). bench/helpdesk_peer.py has django-helpdesk beside it.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--tickets", type=int, default=1_000_000)
parser.add_argument("--rounds", type=int, default=60)
parser.add_argument("--keep", type=Path)
parser.add_argument("--who", nargs="*", default=["carol", "alice", "frank"])
OPTIONS = parser.parse_args()
FOLDER = tempfile.TemporaryDirectory()
FILE = OPTIONS.keep.resolve() if OPTIONS.keep else Path(FOLDER.name, "bench.sqlite3")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "RELAY_API_KEY": "bench", "ALLOWED_HOSTS": "testserver"}
os.environ["DATABASE_URL"] = f"sqlite:///{FILE}"

import config.asgi  # noqa: F401, I001  sets Django up, and the process as it serves

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from bench.support.seed import VOCABULARY, seed
from bench.support.timing import COLUMNS, RULE, figures
from tickets.fulltext import parse
from tickets.fulltext.ticket_words import TICKETS
from tickets.models import Ticket
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
    clients = {name: _client(name) for name in OPTIONS.who}
    print(f"Load average at the start: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores.\n")
    print(f"| page | who | tickets found | {COLUMNS} |\n|---|---|---:|{RULE}|")
    for name, client in clients.items():
        for page, address, found in _pages(client):
            cells = figures(lambda address=address, client=client: client.get(address), OPTIONS.rounds)
            print(f"| {page} | {name} | {found} | {' | '.join(cells)} |", flush=True)


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
        (found,) = TICKETS.counts([parse(text)], OPTIONS.tickets)
        pages.append(("search of two words", f"/?status=any&q={text.replace(' ', '+')}", f"{found:,}"))
    text = VOCABULARY[1]
    pages.append(
        ("search of one common word", f"/?status=any&q={text}", f"{TICKETS.counts([parse(text)], 10**9)[0]:,}")
    )
    return pages


def _text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def _middle() -> str:
    half = Ticket.objects.order_by("-last_message", "-pk")[OPTIONS.tickets // 2]
    return cursor_of("last_message", half)


if __name__ == "__main__":
    main()
