"""From a use case to how its request is made: batch or stream, lane, model and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assistant.models import RelayModel
from assistant.relay.limits import Lane
from assistant.relay.types import ChatRequest

NEVER_STREAMED = frozenset({"batch", "report", "export", "bulk"})


def should_stream(use_case: str, user_waiting: bool) -> bool:
    """Whether an answer is worth sending piece by piece: only when somebody waits, and never for bulk work."""
    return user_waiting and use_case not in NEVER_STREAMED


@dataclass(frozen=True)
class Route:
    """How one request will be made. `temperature` 0 to 2, `max_tokens` of the answer; `model` is the relay's name."""

    use_case: str
    lane: Lane
    streams: bool
    model: str
    messages: tuple[Mapping[str, str], ...]
    temperature: float
    max_tokens: int

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.messages)

    def request(self, response_format: Mapping[str, Any] | None = None) -> ChatRequest:
        return ChatRequest(self.model, self.messages, self.temperature, self.max_tokens, response_format)


def route_request(
    *,
    use_case: str,
    user_waiting: bool,
    prompt: str = "",
    messages: Sequence[Mapping[str, str]] = (),
    model: str = "",
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> Route:
    """Decide lane, streaming, model and parameters for a `prompt` or whole `messages`."""
    streams = should_stream(use_case, user_waiting)
    default_model = settings.DRAFT_MODEL if streams else settings.TRIAGE_MODEL
    return Route(
        use_case=use_case,
        lane="interactive" if user_waiting else "batch",
        streams=streams,
        model=RelayModel.resolve(model or default_model),
        messages=tuple(messages) or ({"role": "user", "content": prompt},),
        temperature=(0.7 if streams else 0.3) if temperature is None else temperature,
        max_tokens=(2000 if streams else 4000) if max_tokens is None else max_tokens,
    )
