# ruff: noqa: E402  (Django is set up before its models are imported)
"""How long 500 tickets take, and what they cost in requests and tokens.

    python bench/triage_throughput.py [--tickets N] [--latency-ms N] [--rpm N]

A simulated relay, a process of its own, answers each request after a second. The engine with 10 requests at once
runs beside a plain loop that sends the same chunks one after another; both keep to the same limit of requests a
minute. Then the same tickets are sent in chunks and one a request, to compare requests and prompt tokens. The tickets
are the demo's without the thirty that hide orders to the model: Collie asks about those alone, as a third row shows
on the demo's whole queue. Works on a database of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.support.alone import set_up

FOLDER = set_up()

import requests
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from assistant.models import RateBucket, TriageRun
from assistant.triage import runs
from assistant.triage.engine import Engine
from assistant.triage.parse import parse
from assistant.triage.prompt import build_messages
from assistant.triage.texts import texts_of
from tickets.models import Category, Ticket

CHUNK = 20
AT_ONCE = 10
INSTRUCTIONS = "Choose a category and a priority for each ticket."


def ours(chunk: int, at_once: int, source: str = "plain") -> float:
    """A whole run of the embedded engine; seconds from the first claim to the last commit."""
    RateBucket.objects.all().delete()
    run = runs.create_run(Ticket.objects.filter(source=source), user=None, batch_size=chunk, concurrency=at_once)
    runs.start(run, now=timezone.now())
    Engine(at_once, run_id=run.pk).run()
    run.refresh_from_db()
    assert run.state == TriageRun.State.DONE and run.failed == 0, run.pause_reason
    return (run.finished - run.started).total_seconds()


def one_after_another(base_url: str, rpm: int) -> float:
    """What a script would do: ask for a chunk, store it, wait until the next may leave."""
    started = time.monotonic()
    ids = list(Ticket.objects.filter(source="plain").order_by("pk").values_list("pk", flat=True))
    categories = {category.slug: category for category in Category.objects.filter(active=True)}
    session = requests.Session()
    for start in range(0, len(ids), CHUNK):
        left = time.monotonic()
        ask(session, base_url, ids[start : start + CHUNK], categories)
        time.sleep(max(0.0, 60 / rpm - (time.monotonic() - left)))
    return time.monotonic() - started


def ask(session: requests.Session, base_url: str, ids: list[int], categories: dict[str, Category]) -> None:
    texts = {f"t{n}": text for n, text in enumerate(texts_of(ids).values(), 1)}
    body = {"model": "deepseek-v3.2", "messages": build_messages(texts, list(categories.values()), INSTRUCTIONS)}
    answer = session.post(f"{base_url}/chat/completions", json=body, headers={"Authorization": "Bearer bench"})
    content = answer.json()["choices"][0]["message"]["content"]
    for key, result in parse(content, list(texts), list(categories)).results.items():
        ticket = ids[int(key[1:]) - 1]
        Ticket.objects.filter(pk=ticket).update(category=categories[result.category], priority=result.priority)


class Relay:
    """A simulated relay in a process of its own, as a real one is elsewhere."""

    def __init__(self, latency_ms: int) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "simulate_relay", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--latency-ms", str(latency_ms)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.base_url = self._process.stdout.readline().split()[-1]

    def __enter__(self) -> "Relay":
        settings.RELAY_BASE_URL = self.base_url
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    @property
    def totals(self) -> dict[str, Any]:
        return requests.get(self.base_url.removesuffix("/v1") + "/books", timeout=10).json()


def used(relay: Relay, before: dict, name: str) -> int:
    return relay.totals[name] - before[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=500)
    parser.add_argument("--latency-ms", type=int, default=1000)
    parser.add_argument("--rpm", type=int, default=600)
    options = parser.parse_args()
    settings.LOGGING_CONFIG = None
    call_command("migrate", verbosity=0)
    make_tickets("plain", options.tickets, hostile=False)
    make_tickets("demo", options.tickets, hostile=True)
    settings.RELAY_RPM = options.rpm
    with Relay(options.latency_ms) as relay:
        compare_time(relay, options)
    settings.RELAY_RPM = 1_000_000
    with Relay(latency_ms=0) as relay:
        compare_tokens(relay)


def make_tickets(source: str, count: int, *, hostile: bool) -> None:
    """The demo's tickets, with or without those that hide orders, over again until there are enough."""
    paths = sorted((ROOT / "tickets/demo").glob("*.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    rows = [row for row in rows if hostile or "injection" not in row["tags"]]
    path = Path(FOLDER.name) / f"{source}.jsonl"
    with path.open("w") as file:
        for number in range(count):
            found = rows[number % len(rows)]
            body = next(message["body"] for message in found["messages"] if message["from"] == "customer")
            row = {"external_id": str(number), "subject": found["subject"], "body": body}
            file.write(json.dumps(row) + "\n")
    call_command("import_tickets", str(path), stdout=sys.stderr)


def compare_time(relay: Relay, options: argparse.Namespace) -> None:
    print(f"{options.tickets} tickets in chunks of {CHUNK}, {options.latency_ms} ms a request, {options.rpm} RPM\n")
    print("| way | seconds | requests | times as fast |\n|---|---:|---:|---:|")
    before = relay.totals
    plain = one_after_another(relay.base_url, options.rpm)
    print(f"| plain loop, one request after another | {plain:.1f} | {used(relay, before, 'requests')} | 1.0 |")
    before = relay.totals
    taken = ours(CHUNK, AT_ONCE)
    name = f"Collie, {AT_ONCE} requests at once"
    print(f"| {name} | {taken:.1f} | {used(relay, before, 'requests')} | {plain / taken:.1f} |")
    before = relay.totals
    taken = ours(CHUNK, AT_ONCE, "demo")
    print(f"| the same with 30 hostile tickets | {taken:.1f} | {used(relay, before, 'requests')} | |\n")
    print(f"The relay saw at most {relay.totals['most_requests_in_60_s']} requests in any 60 s.\n")


def compare_tokens(relay: Relay) -> None:
    print("| tickets in a request | requests | prompt tokens | completion tokens |\n|---:|---:|---:|---:|")
    for chunk in (CHUNK, 1):
        before = relay.totals
        ours(chunk, AT_ONCE)
        counts = [used(relay, before, name) for name in ("requests", "prompt_tokens", "completion_tokens")]
        print(f"| {chunk} | " + " | ".join(f"{count:,}" for count in counts) + " |")


if __name__ == "__main__":
    main()
