"""From whatever text a model sent to valid labels for the tickets that were asked about, and nothing else.

A result counts when its id was asked for, its category and priority are in the closed sets and its confidence is a
number from 0 to 1. Results are matched by id alone, never by position. What is left is missing, each with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from assistant.triage.prompt import REASON_CHARS
from tickets.models.choices import Priority


@dataclass(frozen=True)
class Result:
    """A valid answer for one ticket. `category` is a slug, `confidence` 0 to 1, `reason` one bounded line."""

    category: str
    priority: str
    confidence: float
    reason: str


@dataclass(frozen=True)
class Parsed:
    """Results by the tickets' ids in the prompt, and for every other id that was asked why it has none. `singly` says
    that those should be asked about one by one."""

    results: dict[str, Result]
    missing: dict[str, str]
    singly: bool = False


def parse(text: str, asked: Collection[str], slugs: Collection[str]) -> Parsed:
    """Read an answer. Never raises, whatever the text; takes time linear in its length."""
    slug_by_name = {slug.casefold(): slug for slug in slugs}
    found: dict[str, list[Result | str]] = {}
    for raw in _objects(text):
        key = raw.get("id")
        if isinstance(key, str) and key.strip() in asked:
            found.setdefault(key.strip(), []).append(_checked(raw, slug_by_name))
    verdicts = {key: _verdict(found.get(key, [])) for key in asked}
    return Parsed(
        {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Result)},
        {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, str)},
    )


def _objects(text: str) -> list[dict[str, Any]]:
    """The results in an answer: the JSON as asked for, else fenced, else every complete object in the text."""
    for candidate in (text, _unfenced(text)):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        listed = value.get("results") if isinstance(value, dict) else value
        if isinstance(listed, list):
            return [item for item in listed if isinstance(item, dict)]
    return list(_salvaged(text))


_FENCED = re.compile(r"```[a-zA-Z]*[^\S\n]*\n(.*?)```", re.DOTALL)


def _unfenced(text: str) -> str:
    fenced = _FENCED.search(text)
    return fenced[1] if fenced else text


# Possessive, and an unclosed string runs to the end of the text: no input makes the search go over it again.
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}]', re.DOTALL)


def _salvaged(text: str) -> Iterator[dict[str, Any]]:
    """Every complete object without another inside it. Results are such; an answer that was cut off loses only
    its last one, and prose or a broken wrapper costs nothing."""
    position = text.find("{")
    start = -1
    while position >= 0 and (mark := _MARKS.search(text, position)):
        position = mark.end()
        if mark[0] == "{":
            start = mark.start()
        elif mark[0] == "}" and start >= 0:
            yield from _decoded(text[start:position])
            # Outside objects a lone quotation mark means nothing, so the search goes on at the next brace.
            start, position = -1, text.find("{", position)


def _decoded(text: str) -> Iterator[dict[str, Any]]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        return


def _checked(raw: dict[str, Any], slug_by_name: dict[str, str]) -> Result | str:
    """The result, or the reason why it is none."""
    category = slug_by_name.get(_name(raw.get("category")))
    if category is None:
        return _("The answer's category %(value)s is not one of those offered.") % {"value": _shown(raw, "category")}
    priority = _name(raw.get("priority"))
    if priority not in Priority.values:
        return _("The answer's priority %(value)s is not high, medium or low.") % {"value": _shown(raw, "priority")}
    confidence = raw.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return _("The answer's confidence %(value)s is not a number from 0 to 1.") % {
            "value": _shown(raw, "confidence")
        }
    return Result(category, priority, float(confidence), _one_line(raw.get("reason"), REASON_CHARS))


def _name(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _shown(raw: dict[str, Any], field: str) -> str:
    value = raw.get(field)
    if isinstance(value, dict | list):
        return _("(several values)")
    return f'"{_one_line(str(value), 60)}"' if value is not None else _("(none)")


def _one_line(value: Any, limit: int) -> str:
    """Text that any database stores and any page shows: one line, no control characters, no half surrogates."""
    if not isinstance(value, str):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in value[: 4 * limit])
    return " ".join(printable.encode("utf-8", "replace").decode().split())[:limit]


def _verdict(answers: list[Result | str]) -> Result | str:
    """One answer, or several that agree; a contradiction is no answer."""
    if not answers:
        return _("The answer held no result for this ticket.")
    first = answers[0]
    if all(_essence(answer) == _essence(first) for answer in answers):
        return first
    return _("The answer contradicted itself about this ticket.")


def _essence(answer: Result | str) -> tuple[object, ...]:
    return (answer,) if isinstance(answer, str) else (answer.category, answer.priority, answer.confidence)
