"""What a person types into a search box, as the two databases want to hear it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"[^\W_]+")
_MOST_TERMS = 12
_LONGEST_WORD = 100


@dataclass(frozen=True)
class Term:
    """Words that stand next to each other; the last of them only begins one where `prefix`."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True)
class Query:
    """Terms that must all be found. Without any, nothing is found."""

    terms: tuple[Term, ...]

    @property
    def fts5(self) -> str:
        """For MATCH: every word in quotes, so that nothing in it is read as syntax."""
        return " AND ".join('"' + " ".join(term.words) + '"' + "*" * term.prefix for term in self.terms)

    @property
    def tsquery(self) -> str:
        """For to_tsquery('simple', …)."""
        return " & ".join(
            "(" + " <-> ".join(f"'{word}'" for word in term.words) + ":*" * term.prefix + ")" for term in self.terms
        )


def parse(text: str) -> Query:
    """Words are all wanted, the last one is taken for the beginning of a word, "quoted words" stand together.

    Punctuation inside a word (an address, a file's name) makes its pieces a phrase. Never raises.
    """
    terms = []
    for found in list(_PARTS.finditer(text))[:_MOST_TERMS]:
        quoted, bare = found.groups()
        words = tuple(words_of(bare if quoted is None else quoted))
        if words:
            terms.append(Term(words, prefix=quoted is None and found.end() == len(text.rstrip())))
    return Query(tuple(terms))


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: small letters, without accents."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(fold(text))]


def fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.lower()
