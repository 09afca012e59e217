"""Writing a support reply out of the ticket's own words."""

import hashlib
import random
import re
from collections import Counter
from typing import Any

from .label import label
from .phrases import LANGUAGES, Phrases
from .prompt import Category, Prompt, Ticket
from .words import STOPWORDS

_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")
_APOLOGISE = re.compile(r"apolog|sorry|entschuldig|excus|désol|disculp|lament|scus", re.IGNORECASE)
_TONES = ("friendly", "formal", "brief")
_TOPICS = tuple(Category(slug, slug) for slug in ("billing", "technical", "sales", "general"))


def reply(draft: dict[str, Any], seed: int, code: str = "") -> str:
    """A reply to the last thing the customer said, in the language of the code, else in theirs; Markdown at times."""
    said = customer_texts(draft)
    last = said[-1] if said else ""
    subject = " ".join(str(draft.get("subject") or "").split())[:80]
    rng = random.Random(hashlib.sha256(f"{seed}{draft}".encode("utf-8", "replace")).digest())
    phrases = LANGUAGES[code or language(last or subject)]
    tone = str(draft.get("tone") or "friendly").lower()
    tone = tone if tone in _TONES else "friendly"
    steps = phrases.steps[_topic(subject, last, seed)]
    cited, link = _citation(draft, phrases)
    parts = [
        _greeting(phrases, str(draft.get("customer") or ""), tone),
        _opening(phrases, subject, last, tone, str(draft.get("instruction") or "")),
        _steps(steps, tone, as_list=rng.random() < 0.4),
        cited,
        phrases.closing[tone],
        link,
    ]
    return "\n\n".join(part for part in parts if part)


def free_answer(text: str, seed: int) -> str:
    """An answer to a prompt that is neither tickets nor a draft, from its own words."""
    phrases = LANGUAGES[language(text)]
    steps = phrases.steps[_topic("", text, seed)]
    understood = phrases.understood.format(words=_key_words(text, "") or "“…”")
    return f"{understood}\n\n" + " ".join(steps)


def customer_texts(draft: dict[str, Any]) -> list[str]:
    """What the customer wrote, oldest first."""
    messages = draft.get("messages")
    found = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return [str(m.get("text") or "") for m in found if m.get("from") == "customer"]


def language(text: str) -> str:
    """The language whose small words are most frequent; English when there are none."""
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    scores = {code: sum(words[w] for w in it.telling.split()) for code, it in LANGUAGES.items()}
    return max(scores, key=lambda code: scores[code])


def _citation(draft: dict[str, Any], phrases: Phrases) -> tuple[str, str]:
    """A sentence that cites the first article among the sources, and the line that says where it is."""
    sources = draft.get("sources")
    articles = [s for s in sources if isinstance(s, dict) and s.get("number")] if isinstance(sources, list) else []
    if not articles:
        return "", ""
    number, title, link = (str(articles[0].get(name) or "") for name in ("number", "title", "link"))
    return f"{phrases.cited} [{number}].", f'[{number}]: {link} "{title}"' if link else ""


def _topic(subject: str, text: str, seed: int) -> str:
    prompt = Prompt("", "", (), None, _TOPICS, ("high", "medium", "low"))
    return label(Ticket("", subject, text), prompt, seed).category


def _greeting(phrases: Phrases, customer: str, tone: str) -> str:
    name = customer.split("@")[0].split(" <")[0].strip()
    first = name.split(" ")[0] if tone != "formal" else name
    return phrases.greeting[tone].format(name=first) if first else phrases.greeting[""]


def _opening(phrases: Phrases, subject: str, text: str, tone: str, instruction: str) -> str:
    sentences = [phrases.thanks.format(subject=subject or _key_words(text, "") or "…")]
    if _APOLOGISE.search(instruction):
        sentences.append(phrases.apology)
    words = _key_words(text, subject)
    if words and tone != "brief":
        sentences.append(phrases.understood.format(words=words))
    rest = [part.strip() for part in re.split(r"[.;\n]", instruction) if not _APOLOGISE.search(part)]
    if wanted := ", ".join(part for part in rest if part):
        sentences.append(phrases.instruction.format(instruction=wanted))
    return " ".join(sentences)


def _steps(steps: tuple[str, ...], tone: str, *, as_list: bool) -> str:
    chosen = steps[:2] if tone == "brief" else steps
    return "\n".join(f"- {step}" for step in chosen) if as_list else " ".join(chosen)


def _key_words(text: str, subject: str) -> str:
    """Up to three of the text's longer words, in their order, quoted."""
    text = _PLACEHOLDER.sub(" ", text)
    seen = {w.lower() for w in _WORD.findall(subject)}
    found = dict.fromkeys(w for w in _WORD.findall(text) if len(w) > 4 and w.lower() not in STOPWORDS | seen)
    longest = set(sorted(found, key=len, reverse=True)[:3])
    return ", ".join(f"“{word}”" for word in found if word in longest)
