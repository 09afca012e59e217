"""A draft as server-sent events: the websocket's messages, with ids from which a reader that was cut off goes on.

An id is `seq.offset`: the number of the last delta and how many characters have been sent. Text is sent once: whoever
strings together the `text` of snapshot and deltas has all of it, also across a new connection with Last-Event-ID.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NamedTuple
from uuid import UUID

from assistant.drafts.following import ENDS, Event, Follower, TooSlow, follow
from tickets.supervision import Claim, supervisor

BREATH = 15.0  # seconds of silence after which a comment keeps proxies from giving up
GATHER = 0.04  # seconds between two pieces of text: each costs more than the tokens in it
_ID = re.compile(r"(\d{1,9})\.(\d{1,9})(\.end)?")


# For the OpenAPI schema: one event of the stream.
EVENT_SCHEMA = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string", "description": "For Last-Event-ID."},
        "event": {
            "type": "string",
            "enum": ["draft.waiting", "draft.snapshot", "draft.delta", "draft.done", "draft.failed"],
        },
        "data": {
            "type": "string",
            "description": "A JSON object: `type` as `event`, `draft`, and as its type has it.",
        },
    },
}


class Place(NamedTuple):
    """How far a reader is; `over` when they have the end too."""

    seq: int = 0
    offset: int = 0
    over: bool = False

    @classmethod
    def of(cls, last_event_id: str) -> Place:
        """From the beginning where the id is none of ours."""
        found = _ID.fullmatch(last_event_id.strip())
        return cls(int(found[1]), int(found[2]), bool(found[3])) if found else cls()

    def __str__(self) -> str:
        return f"{self.seq}.{self.offset}{'.end' if self.over else ''}"


class _Reader:
    """Known to the supervisor, which ends what its person may no longer follow."""

    def __init__(self, follower: Follower, claim: Claim) -> None:
        self.claim = claim
        self._follower = follower

    async def close(self, code: int) -> None:
        self._follower.close()


async def draft_events(draft_id: UUID, after: Place, claim: Claim) -> AsyncIterator[bytes]:
    """The body of stream/ for a reader who was let see the draft. It ends with the draft, or with the right to it."""
    yield b"retry: 1000\n\n"  # and so the headers leave now
    follower, place, gathers = Follower(after.seq), after, False
    reader = _Reader(follower, claim)
    supervisor.add(reader)
    try:
        async with aclosing(follow(draft_id, follower, BREATH)) as batches:
            async for batch in batches:
                lines = [] if batch else [": still being written\n\n"]
                for event in batch:
                    for here, type, frame in _sent(event, place):
                        place = here
                        lines.append(f"id: {place}\nevent: {type}\ndata: {frame}\n\n")
                if lines:
                    yield "".join(lines).encode()
                if gathers:  # the first text has left at once
                    await asyncio.sleep(GATHER)
                gathers = place.offset > 0
    except TooSlow:
        return
    finally:
        supervisor.discard(reader)


def _sent(event: Event, place: Place) -> list[tuple[Place, str, str]]:
    """What a reader at `place` is sent of an event: (where they are then, its type, its data)."""
    if event.type == "draft.delta":
        return [(Place(event.seq, place.offset + len(event.text)), event.type, event.frame)]
    sent = []
    if event.text and len(event.text) > place.offset:
        draft = json.loads(event.frame)["draft"]
        rest, since = event.text[place.offset :], place.seq
        place = Place(max(event.seq, since), len(event.text))
        data = {"draft": draft, "seq": place.seq, "text": rest}
        whole = len(rest) == len(event.text)
        # A delta that stands for several says after which one it comes.
        frame = {"type": "draft.snapshot", **data} if whole else {"type": "draft.delta", **data, "since": since}
        sent.append((place, str(frame["type"]), json.dumps(frame, ensure_ascii=False)))
    if event.type in ENDS:
        place = place._replace(over=True)
    if event.type not in {"draft.snapshot", "draft.delta"}:
        sent.append((place, event.type, event.frame))
    return sent
