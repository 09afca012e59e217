"""Finding articles: for somebody who types, for the contact form, and as sources of a draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

from tickets.common_words import COMMON
from tickets.fulltext import Query, words_of
from tickets.fulltext.setup import ARTICLES
from tickets.models import Article, Message, Ticket
from tickets.models.article import ArticleQuerySet

CANDIDATES = 500  # articles looked at for one question; a help centre is smaller
_MOST_WORDS = 24
_TICKET_CHARS = 2000
_TITLE = 2.5  # what a word in a title counts beside one in the text
_ENOUGH = 2  # different words that an article and a ticket must share


@dataclass(frozen=True)
class _AnyOf(Query):
    """Any of the words, by their beginnings; which article fits best is reckoned afterwards."""

    stems: tuple[str, ...] = ()

    @property
    def fts5(self) -> str:
        return " OR ".join(f'"{stem}"*' for stem in self.stems)

    @property
    def tsquery(self) -> str:
        return " | ".join(f"'{stem}':*" for stem in self.stems)


def articles_for(user: AbstractBaseUser | AnonymousUser) -> ArticleQuerySet:
    """What `user` may read at the desk: what is published, and for those who write articles what is not yet."""
    if not isinstance(user, User) or not user.is_active:
        return Article.objects.none()
    return Article.objects.all() if may_write(user) else Article.objects.published()


def may_write(user: AbstractBaseUser | AnonymousUser) -> bool:
    return isinstance(user, User) and user.has_perm("tickets.change_article")


def find(articles: ArticleQuerySet, text: str, *, limit: int, enough: int = 1) -> list[Article]:
    """The articles that have most to do with `text`, the best first: those that share at least `enough` of its
    words with it, rare words and words of the title counting most."""
    stems = _stems(text)
    if not stems:
        return []
    keys = ARTICLES.keys(_AnyOf((), stems), CANDIDATES)
    scored = _scored(list(articles.filter(pk__in=keys)), stems, min(enough, len(stems)))
    return [article for _score, article in sorted(scored, key=lambda pair: (-pair[0], pair[1].pk))[:limit]]


def matching_articles(ticket: Ticket, user: User, limit: int = 3) -> list[Article]:
    """What a reply to `ticket` could stand on: published articles that `user` may read, the best first."""
    last = ticket.messages.filter(kind=Message.Kind.CUSTOMER).order_by("-created", "-id").first()
    text = f"{ticket.subject}\n{last.plain[:_TICKET_CHARS] if last else ''}"
    return find(articles_for(user).published(), text, limit=limit, enough=_ENOUGH)


def _stems(text: str) -> tuple[str, ...]:
    """The words that say something, without their endings, the longest first: those are the rare ones."""
    words = {word for word in words_of(text) if len(word) > 2 and word not in COMMON}
    stems = {word[: max(5, len(word) - 2)] for word in words}
    return tuple(sorted(stems, key=lambda stem: (-len(stem), stem))[:_MOST_WORDS])


def _scored(articles: Sequence[Article], stems: Sequence[str], enough: int) -> list[tuple[float, Article]]:
    counts = [(article, _hits(article.title, stems), _hits(article.body, stems)) for article in articles]
    spread = Counter(stem for _article, title, body in counts for stem in title.keys() | body.keys())
    weight = {stem: log(1 + (len(articles) + 1) / (count + 0.5)) for stem, count in spread.items()}

    def score(title: Counter[str], body: Counter[str]) -> float:
        return sum(
            weight[stem] * (_TITLE * (stem in title) + body[stem] / (body[stem] + 1.2)) for stem in title | body
        )

    return [(score(title, body), article) for article, title, body in counts if len(title | body) >= enough]


def _hits(text: str, stems: Sequence[str]) -> Counter[str]:
    words = Counter(words_of(text))
    hits = Counter({stem: sum(n for word, n in words.items() if word.startswith(stem)) for stem in stems})
    return +hits
