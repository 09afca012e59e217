"""Labelling a ticket by weighted words: right often, not always, and the same each time."""

import hashlib
import random
import re
from dataclasses import dataclass
from functools import lru_cache

from .prompt import Category, Prompt, Ticket
from .words import STOPWORDS, SYNONYMS, TOPICS, URGENCY

Lexicon = dict[str, float]
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_TAG = re.compile(r"<(style|script)\b.*?</\1>|<[^<>]*>|https?://\S+|\S+@\S+", re.DOTALL | re.IGNORECASE)
_SUBJECT_WEIGHT = 1.5
_WHOLE = 4  # entries up to so many letters stand for themselves, longer ones for words that begin so
_NOISE = 0.35  # how far chance moves a score: near decisions go wrong at times
_DESCRIBED = 0.7  # weight of a word in a category's description, where a vocabulary is known
_DESCRIBED_ALONE = 2.5  # and where the description is all there is
_CATCH_ALL = 0.8  # what the general category has without a word for it
_HIGH, _LOW = 2.6, -1.4  # beyond these the urgency words have it
_QUICK_QUESTION, _SHORT = 1.5, 220  # what a question mark says in a text of so few characters


@dataclass(frozen=True)
class Label:
    category: str
    priority: str
    confidence: float
    reason: str


def label(ticket: Ticket, prompt: Prompt, seed: int) -> Label:
    """The label of one ticket, whichever others are asked about with it."""
    digest = hashlib.sha256(f"{seed}\0{ticket.subject}\0{ticket.text}".encode("utf-8", "replace")).digest()
    rng = random.Random(digest)
    subject, body = _plain(ticket.subject), _plain(ticket.text)
    scores: list[tuple[float, str, list[str]]] = []
    for slug, lexicon in _category_lexicons(prompt.categories):
        score, words = _score(subject, body, lexicon)
        base = _CATCH_ALL if _topic_of(slug) == "general" else 0.0
        scores.append((score + base + rng.gauss(0, _NOISE), slug, words))
    scores.sort(reverse=True)
    best, second = scores[0], scores[1] if len(scores) > 1 else (0.0, "", [])
    asked = "?" in ticket.text or "?" in ticket.subject
    priority = _priority(subject, body, asked, prompt.priorities, rng)
    return Label(best[1], priority, _confidence(best[0], second[0]), _reason(best[2]))


def _plain(text: str) -> str:
    """Lower case words between single spaces, so that phrases are found as they are spelled."""
    text = _TAG.sub(" ", text)
    return " " + " ".join(_WORD.findall(text.lower().replace("’", "'"))) + " "


def _score(subject: str, body: str, lexicon: Lexicon) -> tuple[float, list[str]]:
    total, hits = 0.0, []
    whole = subject + body
    for entry, weight in lexicon.items():
        sought = f" {entry} " if len(entry) <= _WHOLE else f" {entry}"
        if sought in whole:
            found, titled = body.count(sought), subject.count(sought)
            total += weight * (min(found, 2) ** 0.5 + _SUBJECT_WEIGHT * min(titled, 1))
            hits.append((weight, entry))
    return total, [entry for _, entry in sorted(hits, reverse=True)[:3]]


@lru_cache(maxsize=64)
def _category_lexicons(categories: tuple[Category, ...]) -> tuple[tuple[str, Lexicon], ...]:
    """Known vocabulary by topic, and the words of each category's own name and description."""
    stems = {c.slug: {_stem(w) for w in _WORD.findall(c.words.lower()) if _telling(w)} for c in categories}
    lexicons = []
    for category in categories:
        known = TOPICS.get(_topic_of(category.slug), {})
        most = _DESCRIBED if known else _DESCRIBED_ALONE
        own = {
            stem: most / sum(stem in others for others in stems.values()) ** 2
            for stem in stems[category.slug]
            if not any(stem.startswith(entry) or entry.startswith(stem) for entry in known)
        }
        lexicons.append((category.slug, own | known))
    return tuple(lexicons)


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in STOPWORDS


def _stem(word: str) -> str:
    return word[: max(6, len(word) - 2)]


def _topic_of(slug: str) -> str:
    parts = {slug.lower(), *slug.lower().split("-")}
    return next((topic for topic, names in SYNONYMS.items() if parts & set(names.split())), "")


def _priority(subject: str, body: str, asked: bool, priorities: tuple[str, ...], rng: random.Random) -> str:
    scores = {name: _score(subject, body, lexicon)[0] for name, lexicon in URGENCY.items()}
    asks = _QUICK_QUESTION if asked and len(body) < _SHORT else 0.0
    lead = scores["high"] - scores["low"] - asks + rng.gauss(0, _NOISE)
    wanted = "high" if lead > _HIGH else "low" if lead < _LOW else "medium"
    return wanted if wanted in priorities else priorities[len(priorities) // 2]


def _confidence(best: float, second: float) -> float:
    """From the distance to the second best: a near decision is below 0.6."""
    margin = max(0.0, best - max(0.0, second)) / (max(best, 0.0) + 1.0)
    return round(min(0.98, 0.5 + 0.6 * margin), 2)


def _reason(words: list[str]) -> str:
    if not words:
        return "No telling words; the most general category."
    return "The text mentions " + ", ".join(f"“{word}”" for word in words) + "."
