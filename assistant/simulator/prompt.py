"""What a prompt asks for: tickets to label, a reply to draft, a report to write, or something free."""

import json
import re
from dataclasses import dataclass
from typing import Any

from .tokens import content_text

_DELIMITED = re.compile(r"<<<DATA-([0-9a-fA-F]+)\s*(.*?)\s*DATA-\1>>>", re.DOTALL)
_OPTION = re.compile(r"^\s*[-*]\s*`?([\w-]+)`?\s*(?::\s*(.*))?$")
_PRIORITY_LINE = re.compile(r"^.*priorit\w*[^:\n]*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_PRIORITIES = ("high", "medium", "low")


@dataclass(frozen=True)
class Category:
    slug: str
    words: str


@dataclass(frozen=True)
class Ticket:
    id: str
    subject: str
    text: str


@dataclass(frozen=True)
class Prompt:
    system: str
    user: str
    tickets: tuple[Ticket, ...]
    draft: dict[str, Any] | None
    categories: tuple[Category, ...]
    priorities: tuple[str, ...]
    report: dict[str, Any] | None = None
    task: dict[str, Any] | None = None
    language: str = ""  # the code of the one to write in, where the system message names one


_DEFAULT_CATEGORIES = tuple(Category(slug, slug) for slug in ("billing", "technical", "sales", "general"))


def read_prompt(messages: list[dict[str, Any]]) -> Prompt:
    """Read OpenAI chat messages; nothing but these is ever looked at."""
    system = "\n".join(content_text(m.get("content")) for m in messages if m.get("role") in _INSTRUCTING)
    said = [content_text(m.get("content")) for m in messages if m.get("role") == "user"]
    user = said[-1] if said else ""
    data = _find_data(user)
    tickets = tuple(_tickets(data)) if isinstance(data, list) else ()
    task = data if isinstance(data, dict) and data.get("task") in ("translation", "summary") else None
    draft = data if isinstance(data, dict) and "messages" in data and not task else None
    report = data if isinstance(data, dict) and isinstance(data.get("figures"), list) else None
    named = _LANGUAGE.search(system)
    language = _CODES[named[1].lower()] if named else ""
    return Prompt(system, user, tickets, draft, _categories(system), _priorities(system), report, task, language)


_INSTRUCTING = ("system", "developer")
_CODES = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it"}
_LANGUAGE = re.compile(rf"\b(?:write in|into) ({'|'.join(_CODES)})\b", re.IGNORECASE)


def _find_data(text: str) -> Any:
    for _, inside in reversed(_DELIMITED.findall(text)):
        try:
            return json.loads(inside)
        except ValueError:
            continue
    return max(_json_values(text), key=lambda value: len(json.dumps(value)), default=None)


def _json_values(text: str) -> list[Any]:
    """Every JSON array of tickets and every draft object that stands free in the text."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while opening := re.compile(r"\[\s*\{|\{").search(text, position):
        try:
            value, position = decoder.raw_decode(text, opening.start())
        except ValueError:
            position = opening.start() + 1
            continue
        is_tickets = isinstance(value, list) and any(isinstance(v, dict) and "id" in v for v in value)
        if is_tickets or (isinstance(value, dict) and "messages" in value):
            found.append(value)
    return found


def _tickets(data: list[Any]) -> list[Ticket]:
    return [
        Ticket(str(item["id"]), str(item.get("subject") or ""), str(item.get("text") or ""))
        for item in data
        if isinstance(item, dict) and "id" in item
    ]


def _categories(system: str) -> tuple[Category, ...]:
    found: list[Category] = []
    listing = False
    for line in system.splitlines():
        option = _OPTION.match(line)
        if line.strip().lower().rstrip(":").endswith("categories") and line.strip().endswith(":"):
            listing = True
        elif listing and option:
            found.append(Category(option[1], f"{option[1]} {option[2] or ''}"))
        elif found:
            break
    return tuple(found) or _DEFAULT_CATEGORIES


def _priorities(system: str) -> tuple[str, ...]:
    for line in _PRIORITY_LINE.findall(system):
        named = tuple(word for word in re.findall(r"\w+", line.lower()) if word in _PRIORITIES)
        if named:
            return named
    return _PRIORITIES
