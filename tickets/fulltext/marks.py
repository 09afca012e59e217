"""Where in a text a query was found: pieces to show, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tickets.fulltext.words import Query, Term, fold

_WORD = re.compile(r"[^\W_]+")
_BEFORE = 24  # characters of a snippet before its first hit


@dataclass(frozen=True)
class Piece:
    """A stretch of text as it is; templates escape it, and set it in <mark> when it is a `hit`."""

    text: str
    hit: bool = False


def marked(text: str, query: Query) -> list[Piece]:
    """`text` in pieces, hits apart."""
    return snippet(text, query, 0)[1]


def snippet(text: str, query: Query, length: int) -> tuple[int, list[Piece]]:
    """How many of the terms are in `text`, and about `length` characters of it around the first hit in pieces; none
    where there is no hit. 0: all of it."""
    by_term = _hits(text, query)
    spans = [span for of_term in by_term for span in of_term]
    return sum(map(bool, by_term)), _pieces(text, spans, length)


def _pieces(text: str, found: list[tuple[int, int]], length: int) -> list[Piece]:
    spans = _merged(sorted(found))
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


def _hits(text: str, query: Query) -> list[list[tuple[int, int]]]:
    """Where each term stands in `text`."""
    if text.isascii():
        small = text.lower()
        return [[match.span(1) for match in _pattern(term).finditer(small)] for term in query.terms]
    found = [(*match.span(), fold(match.group())) for match in _WORD.finditer(text)]
    return [list(_spans_of(term, found)) for term in query.terms]


@lru_cache(maxsize=200)
def _pattern(term: Term) -> re.Pattern[str]:
    """Its words, with whatever is no word between them; looked ahead for, since two hits may overlap."""
    words = r"[\W_]+".join(re.escape(word) for word in term.words)
    end = r"[^\W_]*" if term.prefix else r"(?![^\W_])"
    return re.compile(rf"(?<![^\W_])(?=({words}{end}))")


def _spans_of(term: Term, found: list[tuple[int, int, str]]) -> Iterator[tuple[int, int]]:
    *before, last = term.words
    size = len(before)
    for at in range(size, len(found)):
        word = found[at][2]
        if (word.startswith(last) if term.prefix else word == last) and (
            not size or [known for _start, _end, known in found[at - size : at]] == before
        ):
            yield found[at - size][0], found[at][1]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
