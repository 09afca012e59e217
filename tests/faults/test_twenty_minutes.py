"""Bad days: everybody at work while processes are killed and Redis forgets all, and afterwards the books are right.

SOAK_MINUTES sets how long the long one takes (20 unless said).
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from assistant.simulator.compose import compose
from assistant.simulator.prompt import read_prompt
from tests.faults.agents import Agent, Program, Seen
from tests.faults.house import SEED, House, Running, eventually

logger = logging.getLogger(__name__)
WEBS = WORKERS = 2


@dataclass(frozen=True)
class Size:
    """How much of a bad day: times in seconds."""

    seconds: float
    between: float  # two mishaps
    agents: int
    programs: int
    tickets: int
    batch: int
    lease: float
    redis_gone: float
    ended_within: float
    token_ms: float
    pause: float  # at most, between two drafts of an agent


SMALL = Size(20, 5, 8, 3, 300, 10, 5, 1.5, 120, 20, 6)
LONG = Size(60 * float(os.environ.get("SOAK_MINUTES", "20")), 120, 50, 10, 20_000, 20, 60, 5, 900, 60, 12)


@dataclass
class Story:
    """What happened to the house, and how much memory its processes took: process id -> name, first and last MB."""

    house: House
    size: Size
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    mishaps: list[tuple[float, str]] = field(default_factory=list)
    memory: dict[int, tuple[str, float, float]] = field(default_factory=dict)

    def webs(self) -> list[Running]:
        return [one for one in self.house.running if one.name == "web"]

    def mishap(self) -> None:
        """A process killed, and every second time Redis gone with all it knew."""
        victim = self.chance.choice(self.house.running)
        self.mishaps.append((time.monotonic(), f"kill -9 of a {victim.name}"))
        self.house.kill(victim)
        if len(self.mishaps) % 2 and self.size.redis_gone:
            self.mishaps.append((time.monotonic(), "Redis restarted"))
            self.house.redis.refuse()
            threading.Event().wait(self.size.redis_gone)
            with redis.Redis.from_url(self.house.redis_url) as server:
                server.flushdb()
            self.house.redis.heal()

    def weigh(self) -> None:
        for one in self.house.running:
            if not one.process.alive:
                continue  # told at the end
            if one.process.pid not in self.memory and not one.is_up():
                continue  # it would be small, and grow by what it is still to import
            status = Path(f"/proc/{one.process.pid}/status").read_text()
            now = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
            name, first, _ = self.memory.get(one.process.pid, (one.name, now, now))
            self.memory[one.process.pid] = (name, first, now)


@pytest.fixture
def house() -> Iterator[House]:
    with House(redis_db=13, DRAFT_MAX_STREAMS="120") as house:
        yield house


@pytest.mark.parametrize(
    "size",
    [pytest.param(SMALL, marks=pytest.mark.services), pytest.param(LONG, marks=pytest.mark.soak)],
    ids=["small", "long"],
)
def test_bad_days_leave_no_trace_in_the_books(house, size):
    chunks = -(-size.tickets // size.batch)
    house.relay.set(latency_ms=1000 * 0.7 * size.seconds * 4 / chunks, ttft_ms=200, token_ms=size.token_ms)
    there = house.fill(agents=size.agents, tickets=size.tickets)
    story, seen = Story(house, size), Seen()
    for _ in range(WEBS):
        house.start_web()
    for _ in range(WORKERS):
        house.start_worker(size.lease)
    house.start_run(batch_size=size.batch)
    live(story, seen, there)
    settle(story)
    report(story, seen)
    check_drafts(house, seen)
    check_run(house, size)
    check_ledger(house)
    check_answers(house, seen)
    check_memory(story)


def live(story: Story, seen: Seen, there: dict[str, list[Any]]) -> None:
    size, cookies = story.size, there["cookies"]
    programs = [
        Program(n, story.webs, there["tickets"][: size.agents], there["tokens"][n], cookies[n], seen)
        for n in range(size.programs)
    ]
    loop = threading.Thread(target=lambda: asyncio.run(people()), daemon=True)
    over = threading.Event()

    async def people() -> None:
        ended = asyncio.Event()
        agents = [Agent(n, story.webs, there["tickets"][n], cookies[n], seen) for n in range(size.agents)]
        tasks = [asyncio.create_task(agent.work(ended, size.pause)) for agent in agents]
        while not over.is_set():
            await asyncio.sleep(0.2)
        ended.set()
        await asyncio.wait(tasks, timeout=60)

    loop.start()
    for program in programs:
        program.start()
    began = time.monotonic()
    following = began + size.between
    while time.monotonic() < began + size.seconds:
        threading.Event().wait(1)
        if time.monotonic() > began + size.between / 2:
            story.weigh()
        if time.monotonic() >= following:
            story.mishap()
            following += size.between
    story.weigh()
    over.set()
    loop.join(90)
    for program in programs:
        program.end()


def settle(story: Story) -> None:
    """Until the run is over and no draft under way: those of killed processes are marked within seconds."""
    house = story.house
    eventually(
        lambda: house.value("SELECT state FROM assistant_triagerun") not in ("draft", "running"),
        "the run is over", story.size.ended_within,
    )  # fmt: skip
    streaming = "SELECT count(*) FROM assistant_draft WHERE state = 'streaming'"
    eventually(lambda: house.value(streaming) == 0, "no draft is left streaming", 60)
    house.relay.wait_until(lambda relay: not relay.active)


def check_drafts(house: House, seen: Seen) -> None:
    """Every draft is exactly what the relay said, or says that it is not the whole."""
    said = {call.request_id: compose(read_prompt(call.prompt), SEED) for call in house.relay.books if call.stream}
    rows = house.rows(
        "SELECT d.id::text, d.state, d.text, c.request_id, d.error_code, d.error FROM assistant_draft d "
        "LEFT JOIN assistant_relaycall c ON c.id = d.call_id"
    )
    stored = {key: (state, text) for key, state, text, *_ in rows}
    for key, state, text, request_id, code, error in rows:
        if state == "done":
            assert text == said[request_id], key
        else:
            assert state in ("interrupted", "failed", "stopped") and ((code and error) or state == "stopped"), key
    assert not seen.torn
    for key, frame in seen.ended.items():
        if frame["type"] == "draft.done":
            assert stored[key] == ("done", frame["text"]), key


def check_run(house: House, size: Size) -> None:
    rows = house.rows("SELECT state, total, classified, needs_human, failed FROM assistant_triagerun")
    assert rows == [("done", size.tickets, size.tickets, 0, 0)]
    times = house.rows("SELECT count(*) FROM tickets_classification GROUP BY ticket_id")
    assert len(times) == size.tickets and set(times) == {(1,)}
    events = house.rows("SELECT count(*) FROM tickets_ticketevent WHERE kind = 'category' GROUP BY ticket_id")
    assert set(events) == {(1,)}


def check_ledger(house: House) -> None:
    """Rows that were answered say what the relay's books say; what the books hold beside them is of the killed."""
    booked = {call.request_id: call for call in house.relay.books}
    rows = house.rows(
        "SELECT request_id, state, outcome, estimated, prompt_tokens, completion_tokens, cost, reserved_cost, run_id "
        "FROM assistant_relaycall"
    )
    for request_id, _, outcome, estimated, prompt, completion, *_ in rows:
        if outcome == "ok":
            call = booked.pop(request_id)
            assert estimated or (prompt, completion) == (call.prompt_tokens, call.completion_tokens)
    lost = [call for call in booked.values() if call.completion_tokens]
    unknown = [row for row in rows if row[1] != "settled"]
    assert len(lost) <= len(unknown)
    month = house.value("SELECT amount FROM assistant_spending WHERE period NOT LIKE '%%/user/%%'")
    assert month == sum(row[7] if row[6] is None else row[6] for row in rows)
    spent = sum(row[6] for row in rows if row[8] is not None and row[6] is not None)
    assert house.value("SELECT cost FROM assistant_triagerun") == spent


def check_answers(house: House, seen: Seen) -> None:
    """No error that nobody can explain: none at all, since the database was there all the time."""
    assert [answer for answer in seen.answers if answer[1] >= 500] == []
    assert set(seen.refused) <= {"busy", "not_found"}
    kept = Counter(body for (body,) in house.rows("SELECT body FROM tickets_message WHERE kind = 'note'"))
    assert set(kept.values()) <= {1}
    assert set(seen.notes) <= kept.keys()


def check_memory(story: Story) -> None:
    assert all(one.process.alive for one in story.house.running)
    for name, first, last in story.memory.values():
        assert last < 1.5 * first + 50, (name, first, last)


def report(story: Story, seen: Seen) -> None:
    house = story.house
    what = Counter(name for _, name in story.mishaps)
    statuses = Counter(status for _, status, _ in seen.answers)
    drafts = dict(house.rows("SELECT state, count(*) FROM assistant_draft GROUP BY 1"))
    ledger = dict(house.rows("SELECT kind || ' ' || state, count(*) FROM assistant_relaycall GROUP BY 1"))
    failed = Counter(
        (frame["error"]["code"], house.value("SELECT state FROM assistant_draft WHERE id::text = %s", key))
        for key, frame in seen.ended.items() if frame["type"] == "draft.failed"
    )  # fmt: skip
    logger.warning("failures as seen, and as stored: %s", dict(failed))
    run = house.rows("SELECT classified, requests, cost, finished - started FROM assistant_triagerun")[0]
    logger.warning(
        "mishaps %s; drafts %s; ended as seen %s; refused %s; reconnects %s",
        dict(what),
        drafts,
        Counter(frame["type"] for frame in seen.ended.values()),
        Counter(seen.refused),
        seen.reconnects,
    )
    logger.warning("answers by status %s; notes acknowledged %s", dict(statuses), len(seen.notes))
    logger.warning(
        "run: classified %s with %s requests for %s USD in %s; ledger %s; relay's books %s",
        *run,
        ledger,
        house.relay.requests,
    )
    logger.warning("memory, MB: %s", [(name, round(a), round(b)) for name, a, b in story.memory.values()])
    errors = Counter(re.sub(r"[0-9a-f-]{8,}|\d+", "#", line)[:160] for line in house.log.splitlines()
                     if " ERROR " in line or " CRITICAL " in line)  # fmt: skip
    logger.warning("errors in the logs: %s", errors.most_common(20))
