# ruff: noqa: E402  (Django is set up before its models are imported)
"""Collie beside django-helpdesk 2.6.1: the list of tickets, a ticket and the API, over the same 10,000 tickets.

    python bench/helpdesk_peer.py [--tickets N] [--rounds N]

Makes the peer an environment of its own in var/helpdesk (once; pip fetches it), gives both the same tickets, each on
a SQLite file of its own, and asks each in a process of its own for the same things, as an admin with a session.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--tickets", type=int, default=10_000)
parser.add_argument("--rounds", type=int, default=60)
OPTIONS = parser.parse_args()
PEER = ROOT / "var" / "helpdesk"
NEEDS = ["django-helpdesk==2.6.1", "Django==5.2.*"]
FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"DJANGO_SETTINGS_MODULE": "bench.api_server.settings", "RELAY_API_KEY": "bench"}
os.environ |= {"ALLOWED_HOSTS": "testserver", "DATABASE_URL": f"sqlite:///{FOLDER.name}/collie.sqlite3"}


import config.asgi  # noqa: F401, I001  sets Django up, and the process as it serves

from django.contrib.auth.models import User
from django.core import signing
from django.core.management import call_command
from django.test import Client

from bench.support.seed import seed
from bench.support.timing import COLUMNS, RULE, figures
from tickets.models import Message, Ticket
from tickets.paging import cursor_of


def main() -> None:
    python = environment()
    call_command("migrate", verbosity=0)
    seed(OPTIONS.tickets)
    rows = Path(FOLDER.name, "tickets.json")
    rows.write_text(json.dumps(exported()))
    print(f"{OPTIONS.tickets:,} tickets in both; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")
    print(f"| asked for | of | {COLUMNS} |\n|---|---|{RULE}|")
    ours = {name: figures(lambda at=at: CAROL.get(at), OPTIONS.rounds) for name, at in pages().items()}
    command = [str(python), str(ROOT / "bench/support/peer.py"), str(rows), str(OPTIONS.rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=FOLDER.name)
    for name, cells in json.loads(done.stdout.splitlines()[-1]).items():
        for who, found in (("Collie", ours.get(name)), ("django-helpdesk", cells)):
            if found:
                print(f"| {name} | {who} | {' | '.join(found)} |")


def environment() -> Path:
    """The peer's Python; made where it is missing."""
    python = PEER / "bin" / "python"
    if subprocess.run([python, "-c", "import helpdesk"], capture_output=True).returncode if python.exists() else True:
        venv.create(PEER, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDS], check=True)
    return python


def exported() -> list[dict[str, object]]:
    """The tickets as django-helpdesk has them."""
    numbers = {"open": 1, "pending": 2, "resolved": 3, "closed": 4, "high": 2, "medium": 3, "low": 4}
    openings = Message.objects.filter(kind="customer").select_related("ticket__customer").order_by("pk")
    return [
        {"title": m.ticket.subject, "description": m.body, "submitter_email": m.ticket.customer.email,
         "created": m.created.isoformat(), "status": numbers[m.ticket.status], "priority": numbers[m.ticket.priority]}
        for m in openings
    ]  # fmt: skip


CAROL = Client()


def pages() -> dict[str, str]:
    CAROL.force_login(User.objects.get(username="carol"))
    first = Ticket.objects.order_by("pk")[0]
    word = first.subject.split()[0]
    deep = OPTIONS.tickets * 9 // 10
    said = cursor_of("last_message", Ticket.objects.order_by("-last_message", "-pk")[deep])
    return {
        "the first 50": "/?status=any",
        "nine tenths down": f"/?status=any&after={said}",
        "search of one word": f"/?status=any&q={word}",
        "a ticket": first.get_absolute_url(),
        "API, 50 tickets": "/api/v1/tickets/",
        "API, nine tenths down": f"/api/v1/tickets/?cursor={api_cursor(deep)}",
    }


def api_cursor(deep: int) -> str:
    return signing.dumps(
        ["-created_at", cursor_of("created", Ticket.objects.order_by("-created", "-pk")[deep])], salt="api-cursor"
    )


if __name__ == "__main__":
    main()
