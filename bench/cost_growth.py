# ruff: noqa: E402  (Django is set up before its models are imported)
"""What classifying 1,000 to 1,000,000 tickets takes: requests, tokens, USD and minutes at 600 requests a minute.

    python bench/cost_growth.py [--most N] [--run N …]

The tickets are the demo's without those that hide orders, over and over again; the figures are the product's own
estimate, on the rows of a database of its own. Runs over the `--run` smallest sizes are then made for real at a
simulated relay without limits, and what they were billed is shown beside; after that the estimates are made once
more, since they learn from what was billed. A million tickets are estimated only: at 600 requests a minute a run over
them takes 83 minutes at the least.
"""

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.support.alone import set_up

FOLDER = set_up(RELAY_RPM="600")

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from assistant.models import TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import runs
from assistant.triage.engine import Engine
from assistant.triage.estimate import Estimate, estimate
from tickets.fulltext import setup
from tickets.models import Message, Ticket

SIZES = (1_000, 10_000, 100_000, 1_000_000)
AT_ONCE = 64


def make_tickets(count: int) -> None:
    """The demo's are imported; the rest are copies of them, made in SQL and without the search index."""
    paths = sorted((ROOT / "tickets/demo").glob("*.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    file = Path(FOLDER.name) / "tickets.jsonl"
    with file.open("w") as lines:
        for number, row in enumerate(row for row in rows if "injection" not in row["tags"]):
            body = next(message["body"] for message in row["messages"] if message["from"] == "customer")
            lines.write(json.dumps({"external_id": str(number), "subject": row["subject"], "body": body}) + "\n")
    call_command("import_tickets", str(file), stdout=sys.stderr)
    setup.before_migrate("default", [(Ticket._meta, False)])
    Ticket.objects.update(external_id="")  # it is one ticket's alone
    step = Ticket.objects.count()
    for model, moved in ((Ticket, {"id"}), (Message, {"id", "ticket_id"})):
        columns = [field.column for field in model._meta.concrete_fields if field.column != "token"]
        values = ", ".join(f"{name} + {step} * n" if name in moved else f'"{name}"' for name in columns)
        copy(model._meta.db_table, ", ".join(f'"{name}"' for name in columns), values, times=count // step)


def copy(table: str, columns: str, values: str, times: int) -> None:
    numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    with connection.cursor() as cursor:
        sql = f"INSERT INTO {table} ({columns}) {numbers} SELECT {values} FROM {table}, numbers"
        cursor.execute(sql, [times])


def run_over(size: int) -> TriageRun:
    first = Ticket.objects.order_by("pk").values("pk")[:size]
    return runs.create_run(Ticket.objects.filter(pk__in=first), user=None, batch_size=20, concurrency=AT_ONCE)


def table(title: str, made: dict[int, TriageRun], billed: dict[int, TriageRun]) -> None:
    print(f"\n{title}\n\n| tickets | requests | prompt tokens | completion tokens | USD | minutes | billed | took |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for size, run in made.items():
        began = time.monotonic()
        found: Estimate = estimate(run)
        seconds = time.monotonic() - began
        cost = f"{billed[size].cost:.4f} USD in {billed[size].requests:,} requests" if size in billed else ""
        counts = f"{size:,} | {found.requests:,} | {found.prompt_tokens:,} | {found.completion_tokens:,}"
        print(f"| {counts} | {found.cost:.4f} | {found.seconds / 60:.1f} | {cost} | {seconds:.1f} s |", flush=True)


def bill(run: TriageRun) -> TriageRun:
    runs.start(run, now=timezone.now())
    Engine(AT_ONCE // 8, run_id=run.pk).run()
    run.refresh_from_db()
    assert run.state == TriageRun.State.DONE and run.failed == 0, run.pause_reason
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--run", type=int, default=2, metavar="N", help="how many of the sizes are billed for real")
    options = parser.parse_args()
    settings.LOGGING_CONFIG = None
    call_command("migrate", verbosity=0)
    sizes = [size for size in SIZES if size <= options.most]
    make_tickets(sizes[-1])
    table("Before the first run", {size: run_over(size) for size in sizes}, {})
    with SimulatedRelay(seed=1) as relay:
        settings.RELAY_BASE_URL, settings.RELAY_RPM = relay.base_url, 1_000_000
        billed = {size: bill(run_over(size)) for size in sizes[: options.run]}
    settings.RELAY_RPM = 600
    table("With what those were billed to learn from", {size: run_over(size) for size in sizes}, billed)


if __name__ == "__main__":
    main()
