"""What the simulated relay has answered: the ledger that a client's own is compared with."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT = 10_000
WINDOW = 60.0
MOST_MODELS = 50  # callers name models as they like; the totals must not grow with that


@dataclass(frozen=True)
class Call:
    """One chat request. Tokens are those reported to the caller: 0 where no usage was sent."""

    received: float  # time.monotonic() at its arrival
    path: str
    model: str
    stream: bool
    fault: str  # a kind of fault, or "ok"
    status: int  # 0 when no headers were sent
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    finished: bool  # the whole answer was sent
    client_gone: bool  # the client left before that
    prompt: list[dict[str, Any]]
    headers: Mapping[str, str]  # without the key
    request_id: str


class Books:
    """Totals of all calls, and the last 10,000 of them."""

    def __init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.requests = 0
        self._window: deque[float] = deque()
        self._most_in_window = 0
        self._sums: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._by_fault: Counter[str] = Counter()
        self._by_model: dict[str, Counter[str]] = {}

    def arrive(self, now: float) -> None:
        """Count a chat request at its arrival (seconds, monotonic)."""
        self.requests += 1
        self._window.append(now)
        while self._window[0] <= now - WINDOW:
            self._window.popleft()
        self._most_in_window = max(self._most_in_window, len(self._window))

    def settle(self, call: Call) -> None:
        """Enter a call that is over."""
        self.calls.append(call)
        sums = Counter(
            requests=1,
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            cached_tokens=call.cached_tokens,
        )
        self._sums.update(sums)
        known = call.model in self._by_model or len(self._by_model) < MOST_MODELS
        self._by_model.setdefault(call.model if known else "other", Counter()).update(sums)
        self._by_status[str(call.status)] += 1
        self._by_fault[call.fault] += 1

    def totals(self) -> dict[str, Any]:
        """Everything since the start, for GET /books."""
        return {
            "requests": self.requests,
            "settled": self._sums["requests"],
            "prompt_tokens": self._sums["prompt_tokens"],
            "completion_tokens": self._sums["completion_tokens"],
            "cached_tokens": self._sums["cached_tokens"],
            "most_requests_in_60_s": self._most_in_window,
            "by_model": {model: dict(sums) for model, sums in self._by_model.items()},
            "by_status": dict(self._by_status),
            "by_fault": dict(self._by_fault),
        }


class RateWindow:
    """At most rpm requests in any 60 seconds that slide."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def take(self, rpm: int, now: float) -> float:
        """Take a place; 0.0 when there was one, else the seconds until there is."""
        while self._taken and self._taken[0] <= now - WINDOW:
            self._taken.popleft()
        if len(self._taken) < rpm:
            self._taken.append(now)
            return 0.0
        return self._taken[-rpm] + WINDOW - now if rpm else WINDOW

    def headers(self, rpm: int, now: float) -> dict[str, str]:
        """OpenAI's x-ratelimit-* headers."""
        reset = max(0.0, self._taken[0] + WINDOW - now) if self._taken else 0.0
        return {
            "x-ratelimit-limit-requests": str(rpm),
            "x-ratelimit-remaining-requests": str(max(0, rpm - len(self._taken))),
            "x-ratelimit-reset-requests": f"{reset:.3f}s",
        }
