"""How the simulated relay behaves, and which fault the next request gets."""

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .faults import FAULTS


@dataclass
class Settings:
    """May be changed while the relay runs; times in milliseconds, rates from 0 to 1."""

    seed: int = 1
    rpm: int | None = None  # None: no limit
    key: str | None = None  # None: any key that is not empty
    latency_ms: float = 0
    ttft_ms: float = 0
    token_ms: float = 0
    drip_ms: float = 20  # between the bytes of slow_drip
    cached: bool = False  # report cached tokens for prompts that begin alike
    faults: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """ValueError with a sentence for people when a value makes no sense."""
        for name in ("rpm", "latency_ms", "ttft_ms", "token_ms", "drip_ms"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must be 0 or more.")
        for kind, rate in self.faults.items():
            known_kind(kind)
            if not 0 <= rate <= 1:
                raise ValueError(f"The rate of fault {kind} must be between 0 and 1, not {rate:g}.")
        if sum(self.faults.values()) > 1 + 1e-9:
            raise ValueError("The rates of all faults together must not be over 1.")

    def change(self, **values: Any) -> None:
        """Change some settings; TypeError for a name that is none, ValueError for a value that makes no sense."""
        vars(self).update(vars(replace(self, **values)))


class Chance:
    """Draws the fault of each request: those scripted first, then by rate."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rng = random.Random(settings.seed)
        self._script: deque[str] = deque()

    def script(self, kinds: tuple[str, ...]) -> None:
        """The next requests get exactly these kinds; "ok" is none."""
        for kind in kinds:
            if kind != "ok":
                known_kind(kind)
        self._script.extend(kinds)

    def scripted(self) -> str | None:
        return self._script.popleft() if self._script else None

    def draw(self) -> str:
        at, reached = self._rng.random(), 0.0
        for kind, rate in self._settings.faults.items():
            reached += rate
            if at < reached:
                return kind
        return "ok"


def known_kind(kind: str) -> str:
    """The kind itself; ValueError when there is no such fault."""
    if kind not in FAULTS:
        raise ValueError(f"There is no fault {kind}. Choose from: {', '.join(sorted(FAULTS))}.")
    return kind
