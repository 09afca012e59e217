"""Agents and programs at work, on whichever web process answers, and what they have seen of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.faults.house import Running

GONE = (OSError, WebSocketException, TimeoutError)
SILENCE = 30.0  # seconds without a frame after which a page connects anew
ENDS = ("draft.done", "draft.failed")


@dataclass
class Seen:
    """What all of them have seen. Written from one loop and from several threads, each by its own append."""

    ended: dict[str, dict[str, Any]] = field(default_factory=dict)  # draft -> the frame that ended it
    refused: list[str] = field(default_factory=list)  # codes of errors instead of a draft
    torn: list[str] = field(default_factory=list)  # drafts whose deltas did not make up the text at the end
    reconnects: int = 0
    answers: list[tuple[float, int, str]] = field(default_factory=list)  # when, status (0: none), what of
    notes: list[str] = field(default_factory=list)  # bodies of the notes that were acknowledged


class Agent:
    """One person with one ticket open: asks for a draft, follows it over lost connections, thinks, asks again."""

    def __init__(self, number: int, webs: Callable[[], list[Running]], ticket: int, cookie: str, seen: Seen) -> None:
        self._webs, self._ticket, self._cookie, self._seen = webs, ticket, cookie, seen
        self._number = number
        self._draft = ""
        self._text, self._seq, self._whole = "", 0, True

    async def work(self, over: asyncio.Event, pause: float) -> None:
        chance = random.Random(self._number)
        while not over.is_set():
            with contextlib.suppress(*GONE):
                await self._sit(over, chance, pause)
            self._number += 1
            self._seen.reconnects += 1
            await asyncio.sleep(0.5)

    async def _sit(self, over: asyncio.Event, chance: random.Random, pause: float) -> None:
        web = self._webs()[self._number % len(self._webs())]
        address = f"ws://127.0.0.1:{web.port}/ws/tickets/{self._ticket}/"
        headers = {"Cookie": self._cookie}
        async with connect(address, origin=web.origin, additional_headers=headers, open_timeout=30) as socket:
            while not over.is_set():
                if self._draft:
                    await socket.send(json.dumps({"type": "draft.resume", "draft": self._draft}))
                else:
                    await socket.send(json.dumps({"type": "draft.start"}))
                await self._follow(socket)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), chance.uniform(0, pause))

    async def _follow(self, socket: Any) -> None:
        """Until the draft has ended, or was refused."""
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), SILENCE))
            kind = frame["type"]
            if kind == "draft.started" and not self._draft:
                self._draft, self._text, self._seq, self._whole = frame["draft"], "", 0, True
            elif kind == "error":
                self._seen.refused.append(frame["error"]["code"])
                self._draft = ""
                return
            elif frame.get("draft") == self._draft:
                self._take(kind, frame)
                if kind in ENDS:
                    self._draft = ""
                    return

    def _take(self, kind: str, frame: dict[str, Any]) -> None:
        if kind == "draft.delta":
            self._whole = self._whole and frame["seq"] == self._seq + 1
            self._seq, self._text = frame["seq"], self._text + frame["text"]
        elif kind == "draft.snapshot":
            self._seq, self._text, self._whole = frame["seq"], frame["text"], True
        elif kind in ENDS:
            self._seen.ended[self._draft] = frame
            if kind == "draft.done" and self._whole and self._seq and self._text != frame["text"]:
                self._seen.torn.append(self._draft)


class Program(threading.Thread):
    """One API client: reads tickets and pages, writes notes, and sends again what was not answered."""

    def __init__(
        self, number: int, webs: Callable[[], list[Running]], tickets: list[int], token: str, cookie: str, seen: Seen
    ) -> None:
        super().__init__(daemon=True)
        self._number, self._webs, self._tickets, self._seen = number, webs, tickets, seen
        self._headers = {"Authorization": f"Token {token}"}
        self._cookie = {"Cookie": cookie}
        self._chance = random.Random(number)
        self._over = threading.Event()

    def run(self) -> None:
        count = 0
        while not self._over.wait(self._chance.uniform(0.2, 0.8)):
            count += 1
            ticket = self._chance.choice(self._tickets)
            match count % 4:
                case 0:
                    self._write(ticket, f"Note {count} of program {self._number}")
                case 1:
                    self._ask("GET", "/api/v1/tickets/", headers=self._headers)
                case 2:
                    self._ask("GET", f"/api/v1/tickets/{ticket}/", headers=self._headers)
                case _:
                    self._ask("GET", f"/tickets/{ticket}/", headers=self._cookie)

    def end(self) -> None:
        self._over.set()
        self.join()

    def _write(self, ticket: int, body: str) -> None:
        """The same key each time, so that it happens once however often it is sent."""
        headers = {**self._headers, "Idempotency-Key": body.replace(" ", "-")}
        path, data = f"/api/v1/tickets/{ticket}/messages/", {"kind": "note", "body": body}
        while not self._over.is_set():
            status = self._ask("POST", path, headers=headers, json=data)
            if 0 < status < 500 and status != 409:
                self._seen.notes.append(body)
                return
            self._over.wait(0.5)

    def _ask(self, method: str, path: str, **options: Any) -> int:
        web = self._webs()[self._chance.randrange(len(self._webs()))]
        try:
            status = requests.request(method, web.origin + path, timeout=60, **options).status_code
        except requests.RequestException:
            status = 0
        self._seen.answers.append((time.monotonic(), status, f"{method} {path}"))
        return status
