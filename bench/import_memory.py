"""Memory and time of `import_tickets` on files of growing size, as a Markdown table.

    python bench/import_memory.py [MEGABYTES …]      (default: 10 100)

Each file is made in a temporary folder and imported into a fresh SQLite database by a process of its own, whose peak
memory the kernel tells when it ends.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORDS = ["order", "refund", "shop", "page", "error", "invoice", "plan", "the", "a", "when", "after", "again"]


def main(sizes: list[int]) -> None:
    print("| file | rows | imported | peak memory | seconds | rows a second |")
    print("|---:|---:|---:|---:|---:|---:|")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(folder), megabytes), flush=True)


def measure(folder: Path, megabytes: int) -> str:
    path = folder / "tickets.csv"
    rows = make(path, megabytes * 1_000_000)
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}", "AI_ENABLED": "0"}
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*manage, "import_tickets", str(path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read().splitlines()[-1]
    _pid, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    seconds = time.perf_counter() - begun
    imported = int(said.split()[0].removeprefix("imported="))
    return (
        f"| {megabytes} MB | {rows:,} | {imported:,} | {usage.ru_maxrss / 1024:.0f} MB "
        f"| {seconds:.1f} | {rows / seconds:,.0f} |"
    )


def make(path: Path, size: int) -> int:
    """Rows like a shop's: 30 to 400 words, every seventh without an address, every fifth a message of a thread."""
    chance = random.Random(1)
    rows = written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("email,subject,body,thread,tags\n")
        while written < size:
            body = " ".join(chance.choices(WORDS, k=chance.randint(30, 400)))
            email = f"c{rows % 50_000}@example.com" if rows % 7 else ""
            thread = f"T{rows // 25}" if rows % 5 == 0 else ""
            written += file.write(
                f'{email},Question {rows},"{body}\nThanks",{thread},"{chance.choice(WORDS)},bench"\n'
            )
            rows += 1
    return rows


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 100])
