"""A report that says the figures it is given, and no others."""

from typing import Any

_A_PARAGRAPH = 4


def report(data: dict[str, Any]) -> str:
    """Sentences about `figures`, objects with `figure` and `value`, in short paragraphs."""
    figures = [item for item in data["figures"] if isinstance(item, dict)]
    sentences = [f"{item.get('figure')}: {item.get('value')}." for item in figures]
    parts = [" ".join(sentences[at : at + _A_PARAGRAPH]) for at in range(0, len(sentences), _A_PARAGRAPH)]
    return "\n\n".join([f"This is the report on {data.get('month', 'the month')}.", *parts])
