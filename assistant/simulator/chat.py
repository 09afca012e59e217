"""Reading a chat request: OpenAI's parameters, or a refusal in OpenAI's words."""

import hashlib
import json
import random
from collections import OrderedDict
from typing import Any

from . import tokens
from .answer import Job, Refusal, error_object
from .prompt import read_prompt

MODELS = (
    "deepseek-v3.2",
    "gemini-2.5-flash",
    "gpt-4.1",
    "claude-sonnet-4.5",
    "gpt-3.5-turbo",
    "claude-opus-4.0",
)
_FORMATS = ("text", "json_object", "json_schema")
_BLOCK = 64  # tokens; a prefix is cached in whole blocks
_MOST_BLOCKS = 20_000


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


def refused(status: int, message: str, code: str | None = None, param: str | None = None) -> Refused:
    """A refusal in OpenAI's error shape."""
    body = json.dumps(error_object(message, "invalid_request_error", code, param)).encode()
    return Refused(Refusal(status, body))


class PrefixCache:
    """Remembers how prompts began, in blocks of tokens."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def hit(self, prompt: list[str]) -> int:
        """Tokens at the prompt's beginning that an earlier prompt began with; this one is remembered too."""
        digest, cached, unbroken = hashlib.sha256(), 0, True
        for start in range(0, len(prompt) - _BLOCK + 1, _BLOCK):
            digest.update("\0".join(prompt[start : start + _BLOCK]).encode())
            block = digest.digest()
            unbroken = unbroken and block in self._seen
            cached += _BLOCK if unbroken else 0
            self._seen[block] = None
            self._seen.move_to_end(block)
        while len(self._seen) > _MOST_BLOCKS:
            self._seen.popitem(last=False)
        return cached


def read_body(body: bytes) -> dict[str, Any]:
    """The request's JSON object; Refused when it is none."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise refused(400, f"We could not parse the JSON body of your request: {error}.") from error
    if not isinstance(data, dict):
        raise refused(400, "The body of the request must be a JSON object.")
    return data


def read_job(data: dict[str, Any], seed: int, cache: PrefixCache | None) -> Job:
    """A checked chat request; Refused in OpenAI's words when a parameter is wrong."""
    model, messages = _model(data), _messages(data)
    pieces = tokens.prompt_pieces(messages)
    options = data.get("stream_options") or {}
    said = json.dumps(messages, ensure_ascii=False).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(str(seed).encode() + b"\0" + said).digest()
    return Job(
        model=model,
        messages=messages,
        prompt=read_prompt(messages),
        prompt_tokens=len(pieces),
        cached_tokens=cache.hit(pieces) if cache else 0,
        stream=bool(data.get("stream")),
        wants_usage=bool(isinstance(options, dict) and options.get("include_usage")),
        response_format=_response_format(data),
        max_tokens=_max_tokens(data),
        seed=seed,
        rng=random.Random(digest),
    )


def _model(data: dict[str, Any]) -> str:
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise refused(400, "You must provide a model parameter.", param="model")
    if model not in MODELS:
        raise refused(404, f"The model `{model}` does not exist or you do not have access to it.", "model_not_found")
    return model


def _messages(data: dict[str, Any]) -> list[dict[str, Any]]:
    messages = data.get("messages")
    if messages is None:
        raise refused(400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages")
    if not isinstance(messages, list) or not messages:
        raise refused(400, "Invalid 'messages': expected an array with at least one message.", None, "messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise refused(400, f"Invalid 'messages[{number}]': a message needs a role.", None, "messages")
    return messages


def _response_format(data: dict[str, Any]) -> str:
    wanted = data.get("response_format") or {"type": "text"}
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in _FORMATS:
        raise refused(400, f"Invalid 'response_format': type {kind!r} is unknown.", None, "response_format")
    if kind == "json_schema" and not (wanted.get("json_schema") or {}).get("name"):
        raise refused(400, "Missing required parameter: 'response_format.json_schema.name'.", None, "response_format")
    return str(kind)


def _max_tokens(data: dict[str, Any]) -> int | None:
    most = data.get("max_completion_tokens", data.get("max_tokens"))
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise refused(400, "Invalid 'max_tokens': expected an integer of 1 or more.", None, "max_tokens")
    return most
