"""What a plain call costs on top of the relay's own time: bare requests, the relay client, the whole gateway.

    python bench/relay_overhead.py [--calls N] [--warm-up N] [--database FILE]

The simulated relay answers at once from a process of its own. The three take turns, call by call, so that whatever
else the machine does hits them alike. The gateway resolves the model's name, looks up its price and response format,
keeps two budgets, takes its turn in the rate limit and reserves and settles a ledger row, all in SQLite (WAL).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = "bench-key"
PROMPT = "Classify this ticket: I was charged twice for invoice 4711, please refund the second payment. " * 10
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}

Call = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=500, help="measured calls of each kind")
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--database", help="SQLite file to use; a temporary one by default")
    options = parser.parse_args()
    command = [sys.executable, str(ROOT / "manage.py"), "simulate_relay", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        database = options.database or str(Path(folder, "bench.sqlite3"))
        relay = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
        try:
            url = next(word for line in relay.stdout for word in line.split() if word.startswith("http://"))
            configure(database, url)
            found = measure(callers(url), options.warm_up, options.calls)
        finally:
            relay.terminate()
            relay.wait()
    report(found, options.calls)


def configure(database: str, url: str) -> None:
    """Django with tables, budgets that hold and a limit that never makes anybody wait."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL=f"sqlite:///{database}", RELAY_BASE_URL=url,
        RELAY_API_KEY=KEY, RELAY_RPM="1000000", MONTHLY_BUDGET_USD="1000", USER_DAILY_BUDGET_USD="1000",
    )  # fmt: skip
    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def callers(url: str) -> dict[str, Call]:
    import requests
    from django.contrib.auth.models import User

    from assistant import gateway
    from assistant.relay.client import RelayClient

    def route() -> gateway.Route:
        return gateway.route_request(use_case="batch", user_waiting=False, prompt=PROMPT)

    person = User.objects.get_or_create(username="bench")[0]
    session, client = requests.Session(), RelayClient(url, KEY)
    session.headers["Authorization"] = f"Bearer {KEY}"
    body = {
        "model": route().model, "messages": list(route().messages), "temperature": 0.3, "max_tokens": 4000,
        "response_format": {"type": "json_object"},
    }  # fmt: skip
    asked = route().request({"type": "json_object"})

    def bare() -> object:
        return session.post(f"{url}/chat/completions", json=body, timeout=60).json()["choices"][0]

    def whole() -> object:
        return gateway.complete(route(), kind="triage", user=person, schema=SCHEMA).settle()

    return {"bare requests.Session": bare, "relay client": lambda: client.complete(asked), "gateway": whole}


def measure(calls: dict[str, Call], warm_up: int, count: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds by the clock and of this thread's CPU for every call.

    In each round every caller has its turn, each time another one first.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    names = list(calls)
    for number in range(warm_up + count):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            clock, cpu = time.perf_counter(), time.thread_time()
            calls[name]()
            elapsed = (time.perf_counter() - clock) * 1000, (time.thread_time() - cpu) * 1000
            if number >= warm_up:
                found[name].append(elapsed)
    return found


def report(found: dict[str, list[tuple[float, float]]], count: int) -> None:
    points = {name: [middle_and_tail(values) for values in zip(*pairs, strict=True)] for name, pairs in found.items()}
    bare, *_ = points.values()
    print(f"{count} calls of each kind in turns, simulated relay without latency, SQLite in WAL mode; ms.")
    print("CPU is this thread's own: what is left of the difference where a machine is busy with other things.\n")
    print("| caller | p50 | p95 | p50 added | p95 added | CPU p50 added | CPU p95 added |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, (clock, cpu) in points.items():
        added = [value - base for value, base in zip(clock + cpu, bare[0] + bare[1], strict=True)]
        print(
            f"| {name} | {clock[0]:.2f} | {clock[1]:.2f} | " + " | ".join(f"{value:+.2f}" for value in added) + " |"
        )


def middle_and_tail(values: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(values, n=100)
    return cuts[49], cuts[94]


if __name__ == "__main__":
    main()
