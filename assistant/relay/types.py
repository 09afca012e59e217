"""The values that go into and come out of a relay call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens of one call. `cached_tokens` are part of `prompt_tokens`; `estimated` when nobody counted."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class ChatRequest:
    model: str
    messages: tuple[Mapping[str, str], ...]
    temperature: float
    max_tokens: int
    response_format: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Completion:
    """A whole answer. `usage` is None when the relay sent none; `finish_reason` is "" when it named none; `ttft_ms`
    is the time to the first text where it came in pieces."""

    text: str
    finish_reason: str
    usage: Usage | None
    model: str
    request_id: str
    latency_ms: int
    simulated: bool
    ttft_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Pending:
    """Ask again when `fileno` is readable, as nothing more has come for now; where it is None, there may be more at
    once, but others should have their turn."""

    fileno: int | None


@dataclass(frozen=True)
class End:
    """The last item of every stream that ended well.

    `ttft_ms` is the time to the first text, None when there was none; `unreadable_events` were skipped.
    """

    finish_reason: str
    usage: Usage | None
    ttft_ms: int | None
    latency_ms: int
    unreadable_events: int
    request_id: str
    model: str
    simulated: bool


@dataclass(frozen=True)
class ModelList:
    ids: tuple[str, ...]
    latency_ms: int
    simulated: bool


@dataclass(frozen=True)
class Deadlines:
    """Seconds. A plain call has `connect` and `total`; a stream has `connect`, `first_token` and `silence`.

    `first_token` and `total` run from the start of the call. `silence` runs from the last sign of life: an
    event that carries content, reasoning content or a tool call. Comments, events without any of these, and
    bytes which complete no event do not count, so a relay that only keeps the line warm still times out.
    """

    connect: float = 10.0
    first_token: float = 60.0
    silence: float = 60.0
    total: float = 180.0
