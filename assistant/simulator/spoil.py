"""Wrong spellings of a right answer. Texts that are no triage answer stay as they are where results are meant."""

import json
from collections.abc import Callable
from typing import Any

from .answer import Job

Results = list[dict[str, Any]]


def _on_results(text: str, spoil: Callable[[Results], None]) -> str:
    try:
        answer = json.loads(text)
        results = answer["results"]
    except (ValueError, TypeError, KeyError):
        return text
    if results:
        spoil(results)
    return json.dumps(answer, ensure_ascii=False)


def missing_result(text: str, job: Job) -> str:
    return _on_results(text, lambda results: results.remove(job.rng.choice(results)))


def unknown_id(text: str, job: Job) -> str:
    return _on_results(text, lambda results: job.rng.choice(results).update(id="t9999"))


def duplicate_id(text: str, job: Job) -> str:
    def spoil(results: Results) -> None:
        first = job.rng.choice(results)
        others = [c.slug for c in job.prompt.categories if c.slug != first["category"]]
        results.append({**first, "category": job.rng.choice(others or [first["category"]])})

    return _on_results(text, spoil)


def wrong_label(text: str, job: Job) -> str:
    return _on_results(text, lambda results: job.rng.choice(results).update(category="miscellaneous-other"))


def confidence_words(text: str, job: Job) -> str:
    return _on_results(text, lambda results: _set_confidence(results, "high"))


def confidence_range(text: str, job: Job) -> str:
    return _on_results(text, lambda results: _set_confidence(results, 1.7))


def _set_confidence(results: Results, confidence: object) -> None:
    for result in results:
        result["confidence"] = confidence


def fenced(text: str, job: Job) -> str:
    return f"```json\n{text}\n```"


def prose(text: str, job: Job) -> str:
    return f"Sure! Here is what I found:\n\n{text}\n\nLet me know if you need anything else."


def truncated(text: str, job: Job) -> str:
    return text[: len(text) * 2 // 3]
