"""Reading chat completions, whole or in chunks, from the JSON of any provider that calls itself compatible."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .sse import ServerEvent
from .types import Usage

_HIGH = range(0xD800, 0xDC00)
_MOST_TOKENS = 2**31 - 1  # what a column of the ledger holds; no answer has as many


@dataclass(frozen=True)
class Answer:
    text: str
    finish_reason: str
    usage: Usage | None
    model: str
    id: str


def read_answer(payload: Any) -> Answer | None:
    """A whole chat completion; None when it holds no choice."""
    choice = _choice(payload)
    if choice is None:
        return None
    message = choice.get("message")
    text = clean(content_text(message.get("content")) if isinstance(message, dict) else "")
    return Answer(text, name(choice.get("finish_reason")), usage_in(payload), model_in(payload), id_in(payload))


@dataclass(slots=True)
class ChunkReader:
    """Follows the events of one streamed answer. `failed` is called with a decoded error and must raise."""

    failed: Callable[[Any], None]
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    id: str = ""
    done: bool = False
    readable: int = 0
    unreadable: int = 0
    _half: str = ""

    def read(self, event: ServerEvent) -> tuple[str, bool]:
        """The text of an event and whether it is a sign of life (see Deadlines)."""
        data = event.data.strip()
        if not data:
            return "", False
        if data == "[DONE]":
            self.done = True
            return "", True
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            payload = {"error": data} if event.event == "error" else None
        if not isinstance(payload, dict):
            self.unreadable += 1
            return "", False
        if event.event == "error" and "error" not in payload:
            payload = {"error": payload}
        self.failed(payload)
        self.readable += 1
        self.usage = usage_in(payload) or self.usage
        self.model = model_in(payload) or self.model
        self.id = id_in(payload) or self.id
        return self._read_choice(_choice(payload) or {})

    def _read_choice(self, choice: dict[str, Any]) -> tuple[str, bool]:
        self.finish_reason = name(choice.get("finish_reason")) or self.finish_reason
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return "", False
        text = self._joined(content_text(delta.get("content")))
        thought = delta.get("reasoning_content") or delta.get("reasoning") or delta.get("tool_calls")
        return text, bool(text or thought)

    def _joined(self, text: str) -> str:
        """Some providers cut an emoji between two chunks: hold the first half of a pair back."""
        if not text:
            return ""
        text, self._half = self._half + text, ""
        if ord(text[-1]) in _HIGH:
            text, self._half = text[:-1], text[-1]
        return clean(text)


def content_text(content: Any) -> str:
    """A message's content: a string, null, or a list of parts of which the text counts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_string(part.get("text")) for part in content if isinstance(part, dict))
    return ""


def name(value: Any) -> str:
    """What a provider calls something, as clean text; "" for what is none."""
    return clean(_string(value))


def clean(text: str) -> str:
    """Pairs of surrogates joined; lone ones and NUL, which no database takes, become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def usage_in(payload: Any) -> Usage | None:
    """Usage wherever providers put it: beside the choices, within one (Moonshot), or in x_groq.

    None too where a count cannot be: then none of them is to be believed.
    """
    for place in (payload, _choice(payload), payload.get("x_groq")):
        usage = place.get("usage") if isinstance(place, dict) else None
        if isinstance(usage, dict) and {"prompt_tokens", "completion_tokens"} & usage.keys():
            details = usage.get("prompt_tokens_details")
            cached = details.get("cached_tokens") if isinstance(details, dict) else None
            prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
            cached_tokens = _count(cached or usage.get("prompt_cache_hit_tokens"))
            if max(prompt, completion, cached_tokens) > _MOST_TOKENS:
                return None
            return Usage(prompt, completion, min(cached_tokens, prompt))
    return None


def model_in(payload: dict[str, Any]) -> str:
    return name(payload.get("model"))[:200]


def id_in(payload: dict[str, Any]) -> str:
    return name(payload.get("id"))[:200]


def _choice(payload: dict[str, Any]) -> dict[str, Any] | None:
    choices = payload.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("index") in (0, None):
            return choice
    return None


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return max(0, value) if type(value) is int else 0
