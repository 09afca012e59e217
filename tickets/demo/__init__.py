"""A queue to try Collie on: tickets in five languages, as messy as life, and the people who work on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

SOURCE = "demo"


@dataclass(frozen=True)
class Letter:
    """One message: `sender` is customer, agent or note; `after_minutes` counts from the ticket's beginning."""

    sender: str
    format: str
    after_minutes: float
    body: str


@dataclass(frozen=True)
class Case:
    """One ticket of the demo. `category`, `priority` and `tags` are what people would say of it; only where
    `labelled` is true have they said so."""

    key: str
    language: str
    name: str
    email: str
    subject: str
    status: str
    days_ago: float
    category: str
    priority: str
    labelled: bool
    tags: Sequence[str]
    letters: Sequence[Letter]


@cache
def cases() -> tuple[Case, ...]:
    """All of them, the languages taking turns, so that the first N are an even mix."""
    files = sorted(Path(__file__).parent.glob("tickets_*.jsonl"))
    turns = zip_longest(*map(_read, files))
    return tuple(case for case in chain.from_iterable(turns) if case is not None)


def _read(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield _case(json.loads(line))


def _case(values: dict[str, Any]) -> Case:
    letters = [
        Letter(message["from"], message["format"], message["after_minutes"], message["body"])
        for message in values.pop("messages")
    ]
    return Case(**values, letters=letters)
