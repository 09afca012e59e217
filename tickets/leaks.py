"""What is meant for colleagues and stands in a reply: asked once before it goes out.

Compared are runs of words, so that punctuation, case, accents and line breaks do not hide a copy. A sentence of
SHORTEST to RUN words counts when all of it is there, a longer one when RUN words of it in a row are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.utils.translation import gettext as _

from tickets.fulltext import words_of
from tickets.models import Article, Message, Ticket

RUN, SHORTEST = 8, 4
QUOTED = 160  # characters of a sentence that is shown
MOST = 5
_REMEMBERED = 5000  # articles
_SENTENCES = re.compile(r"(?<=[.!?…])\s+|\n+")

Runs = frozenset[tuple[str, ...]]
_known: dict[int, tuple[datetime, list[tuple[str, Runs]]]] = {}


@dataclass(frozen=True)
class Leak:
    """A sentence of `source` that the reply holds. `url` is where the agent reads the whole."""

    source: str
    url: str
    quote: str

    @property
    def sentence(self) -> str:
        return _("%(source)s says: “%(quote)s”") % {"source": self.source, "quote": self.quote}


def internal_text_in(ticket: Ticket, body: str) -> list[Leak]:
    """Sentences of the ticket's notes and of internal articles that stand in `body` and that the customer cannot have
    read elsewhere: in this conversation or in a public article. At most MOST, one for each source."""
    said = _runs_of(words_of(body))
    if not said:
        return []
    notes = ticket.messages.filter(kind=Message.Kind.NOTE).select_related("author")
    found = [hit for note in notes if (hit := _hit_in(_note_name(note), note.pk, _sentences(note.body), said))]
    for article in _internal_articles():
        if hit := _hit_in(_("The internal article “%(title)s”") % {"title": article.title}, 0, _of(article), said):
            found.append((Leak(hit[0].source, article.get_absolute_url(), hit[0].quote), hit[1]))
    if not found:
        return []
    known = said & _public_runs(ticket)
    return [leak for leak, runs in found if runs - known][:MOST]


def leak_sentences(leaks: Sequence[Leak]) -> list[str]:
    """What the agent is told before it goes out."""
    return [_("This is for colleagues alone:"), *(leak.sentence for leak in leaks)] if leaks else []


def fingerprint(leaks: Sequence[Leak]) -> str:
    """Names what was found, so that "send it all the same" holds for that and nothing else; "" for nothing."""
    told = "\n".join(f"{leak.url} {leak.quote}" for leak in leaks)
    return f"x{sha256(told.encode()).hexdigest()[:16]}" if leaks else ""


def _hit_in(source: str, note_id: int, sentences: Iterable[tuple[str, Runs]], said: Runs) -> tuple[Leak, Runs] | None:
    """The first sentence that is found, and all runs of words that are."""
    hits = [(text, runs & said) for text, runs in sentences if not runs.isdisjoint(said)]
    if not hits:
        return None
    quote = hits[0][0]
    quote = quote if len(quote) <= QUOTED else f"{quote[:QUOTED]}…"
    return Leak(source, f"#message-{note_id}", quote), frozenset().union(*(runs for _text, runs in hits))


def _public_runs(ticket: Ticket) -> Runs:
    """What the customer has before them already."""
    shown = [message.plain for message in ticket.messages.exclude(kind=Message.Kind.NOTE)]
    bodies = Article.objects.public().values_list("body", flat=True)
    return frozenset().union(*(_runs_of(words_of(text)) for text in (*shown, *bodies)))


def _internal_articles() -> Iterator[Article]:
    """Their texts are read only where this process has not cut them into runs already."""
    internal = Article.objects.filter(audience=Article.Audience.INTERNAL).defer("body")
    known = {article.pk: article for article in internal}
    stale = [pk for pk, article in known.items() if pk not in _known or _known[pk][0] != article.updated]
    if len(_known) + len(stale) > _REMEMBERED:
        _known.clear()
        stale = list(known)
    for article in Article.objects.filter(pk__in=stale):
        _known[article.pk] = (known[article.pk].updated, list(_sentences(article.body)))
    yield from known.values()


def _of(article: Article) -> list[tuple[str, Runs]]:
    return _known[article.pk][1] if article.pk in _known else []


def _sentences(text: str) -> Iterator[tuple[str, Runs]]:
    for sentence in _SENTENCES.split(text):
        words = words_of(sentence)
        if len(words) >= SHORTEST:
            yield sentence.strip(), frozenset(_every(words, min(RUN, len(words))))


def _runs_of(words: Sequence[str]) -> Runs:
    return frozenset(run for size in range(SHORTEST, RUN + 1) for run in _every(words, size))


def _every(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _note_name(note: Message) -> str:
    author = note.author
    name = (author.get_full_name() or author.username) if author else ""
    return _("A note by %(name)s") % {"name": name} if name else _("A note")
