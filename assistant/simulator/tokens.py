"""A small tokenizer: the same count in the usage and in the pieces of a stream."""

import re

_PIECE = re.compile(r" ?[A-Za-z\u00c0-\u024f\u0370-\u052f]{1,5}| ?\d{1,3}|\s+|.", re.DOTALL)


def pieces(text: str) -> list[str]:
    """Split text into tokens; joined, they are the text again."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """Number of tokens in text."""
    return len(pieces(text))


def prompt_pieces(messages: list[dict[str, object]]) -> list[str]:
    """Tokens of a chat prompt, with the few each message costs beside its text."""
    found: list[str] = []
    for message in messages:
        found += ["<start>", str(message.get("role", "")), "<end>"]
        found += pieces(content_text(message.get("content")))
    return [*found, "<start>", "assistant"]


def content_text(content: object) -> str:
    """Text of a message's content: a string, or OpenAI's list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
