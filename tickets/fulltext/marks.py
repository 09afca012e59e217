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


def hits(text: str, query: Query) -> int:
    """How many of the terms are in `text`."""
    found = _words(text)
    return sum(any(True for _span in _spans_of(term, found)) for term in query.terms)


def _spans(text: str, query: Query) -> Iterator[tuple[int, int]]:
    """From and to of every hit of every term."""
    found = _words(text)
    for term in query.terms:
        yield from _spans_of(term, found)


def _words(text: str) -> list[tuple[int, int, str]]:
    """From, to and the folded word."""
    if text.isascii():
        text = text.lower()
        return [(*match.span(), match.group()) for match in _WORD.finditer(text)]
    return [(*match.span(), fold(match.group())) for match in _WORD.finditer(text)]


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
