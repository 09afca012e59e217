"""Where in a text a query was found: pieces to show, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tickets.fulltext.words import Query, Term, fold

_WORD = re.compile(r"[^\W_]+")
_BEFORE = 24  # characters of a snippet before its first hit


@dataclass(frozen=True)
class Piece:
    """A stretch of text as it is; templates escape it, and set it in <mark> when it is a `hit`."""

    text: str
    hit: bool = False


def marked(text: str, query: Query, *, length: int = 0) -> list[Piece]:
    """`text` in pieces, hits apart. With `length`, a snippet of about so many characters around the first hit; empty
    when there is none in it."""
    spans = _merged(sorted(_spans(text, query)))
    start, end = 0, len(text)
    if length:
        if not spans:
            return []
        start = max(spans[0][0] - _BEFORE, 0)
        start = text.find(" ", start, spans[0][0]) + 1 if start else 0
        end = min(start + length, len(text))
    pieces, at = [Piece("…")] if start else [], start
    for first, last in spans:
        if first >= end:
            break
        pieces += [Piece(text[at:first])] if first > at else []
        pieces.append(Piece(text[first : min(last, end)], hit=True))
        at = min(last, end)
    return [*pieces, *([Piece(text[at:end])] if at < end else [])]


def _spans(text: str, query: Query) -> Iterator[tuple[int, int]]:
    """From and to of every hit of every term."""
    found = [(match.start(), match.end(), fold(match.group())) for match in _WORD.finditer(text)]
    for term in query.terms:
        size = len(term.words)
        for at in range(len(found) - size + 1):
            if _fits(term, [word for _start, _end, word in found[at : at + size]]):
                yield found[at][0], found[at + size - 1][1]


def _fits(term: Term, words: list[str]) -> bool:
    *whole, last = term.words
    return words[:-1] == whole and (words[-1].startswith(last) if term.prefix else words[-1] == last)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
