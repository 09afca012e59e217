"""Translations and summaries: the phrase book's own sentences in another language, and how each message begins."""

import re
from collections.abc import Iterator
from typing import Any

from .phrases import LANGUAGES, Phrases
from .reply import language

_SENTENCE = re.compile(r"[^.!?\n]{3,160}[.!?]?")
_POINTS = 5


def rewrite(task: dict[str, Any], code: str = "") -> str:
    """The answer to a task whose data says `translation`, into the language of the code if any, or `summary`."""
    if task["task"] == "translation":
        target = code or language(str(task.get("customer_writes") or ""))
        return _translation(str(task.get("text") or ""), target)
    messages = task.get("messages")
    said = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return _summary(str(task.get("subject") or ""), said)


def _translation(text: str, code: str) -> str:
    """Sentences of a reply that the phrase book knows, in the language of the code; others stay."""
    target = list(_sentences(LANGUAGES[code]))
    for phrases in LANGUAGES.values():
        for known, translated in zip(_sentences(phrases), target, strict=False):
            text = text.replace(known, translated)
    return text


def _sentences(phrases: Phrases) -> Iterator[str]:
    yield from (phrases.apology, *phrases.closing.values())
    for steps in phrases.steps.values():
        yield from steps
    yield from (template.partition("{")[0].rstrip() for template in (phrases.thanks, phrases.understood))


def _summary(subject: str, said: list[dict[str, Any]]) -> str:
    points = [f"- **{message.get('from')}**: {_first_sentence(message)}" for message in said[-_POINTS:]]
    waiting = said and said[-1].get("from") == "customer"
    step = "Answer the customer's last message." if waiting else "Wait for the customer."
    return "\n".join([f"The customer writes about “{subject}”.", "", *points, "", f"Next step: {step}"])


def _first_sentence(message: dict[str, Any]) -> str:
    found = _SENTENCE.search(" ".join(str(message.get("text") or "").split()))
    return found[0].strip() if found else "…"
