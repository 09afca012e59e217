"""What will be answered to one chat request, before a byte of it is sent."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import tokens
from .prompt import Prompt

NAME = "simulated-relay"


@dataclass(frozen=True)
class Job:
    """A chat request, read."""

    model: str
    messages: list[dict[str, Any]]
    prompt: Prompt
    prompt_tokens: int
    cached_tokens: int
    stream: bool
    wants_usage: bool
    response_format: str  # json_schema, json_object or text
    max_tokens: int | None
    seed: int
    rng: random.Random  # decides everything that is left to chance in this answer


@dataclass(frozen=True)
class Refusal:
    """An answer that is no chat completion."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True)
class Answer:
    """A chat completion, and how its delivery goes wrong."""

    text: str
    finish: str | None = "stop"
    usage: bool = True
    huge_usage: bool = False
    nul: bool = False  # in what names the answer
    reasoning: str = ""
    null_content: bool = False
    bad_event: bool = False
    refusal: Refusal | None = None
    silence: str = ""  # before the headers: "hang" or "reset"
    cut: str = ""  # what happens after cut_after tokens: a key of the tables in delivery.py
    cut_after: int = 0
    chunked: bool = True
    crlf: bool = False
    drip: bool = False  # one byte at a time
    split_utf8: bool = False  # writes end inside characters

    @property
    def pieces(self) -> list[str]:
        return tokens.pieces(self.text)


def error_object(message: str, kind: str, code: str | int | None, param: str | None = None) -> dict[str, Any]:
    """OpenAI's error shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
