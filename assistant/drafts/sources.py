"""What a reply may lean on: articles of the team, and solved tickets like this one with the answer that was sent.

A source is data for the model and a link for the agent. An article has a number, by which the reply cites it. Other
kinds are further functions in FINDERS; only what the asking person may read is ever found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from tickets.articles import matching_articles
from tickets.links import site_url
from tickets.models import Article, Message, Ticket
from tickets.prepared import rows_of
from tickets.search import similar_solved

MOST = 3
QUESTION_CHARS = 800
ANSWER_CHARS = 1200
ARTICLE_CHARS = 3000


@dataclass(frozen=True)
class Source:
    """`question` and `answer` are for the model, the rest for the page. `number` is what an article is cited by, 0
    for other kinds; `link` is where the customer can read it, empty for what is internal."""

    kind: str
    id: int
    title: str
    url: str
    question: str
    answer: str
    number: int = 0
    link: str = ""

    @property
    def for_page(self) -> dict[str, Any]:
        label = f"[{self.number}] {self.title}" if self.number else f"#{self.id} {self.title}"
        return {"kind": self.kind, "id": self.id, "title": self.title, "url": self.url, "label": label}

    @property
    def for_prompt(self) -> dict[str, Any]:
        if self.number:
            return {
                "kind": self.kind,
                "number": self.number,
                "title": self.title,
                "link": self.link,
                "text": self.answer,
            }
        return {"kind": self.kind, "question": self.question, "answer": self.answer}


def sources_for(ticket: Ticket, user: User) -> list[Source]:
    """At most MOST of each kind, the most alike first."""
    return [source for find in FINDERS for source in find(ticket, user)]


def articles(ticket: Ticket, user: User) -> list[Source]:
    """What the team has written down about such a matter."""
    found = enumerate(matching_articles(ticket, user, MOST), start=1)
    return [_of_article(article, number) for number, article in found]


def solved_tickets(ticket: Ticket, user: User) -> list[Source]:
    """Similar solved tickets that `user` sees and that were answered."""
    found = (_of_ticket(other) for other in similar_solved(ticket, user, limit=MOST))
    return [source for source in found if source is not None]


def _of_article(article: Article, number: int) -> Source:
    link = f"{site_url()}{article.public_url}" if article.is_public else ""
    text = article.body.strip()[:ARTICLE_CHARS]
    return Source("article", article.pk, article.title, article.get_absolute_url(), "", text, number, link)


def _of_ticket(ticket: Ticket) -> Source | None:
    """Its first question and its last answer; None where nobody has answered."""
    answer = _text(ticket.pk, Message.Kind.REPLY, "-")
    if answer is None:
        return None
    question = _text(ticket.pk, Message.Kind.CUSTOMER, "")
    asked = f"{ticket.subject}\n{question or ''}".strip()
    return Source(
        "ticket", ticket.pk, ticket.subject, ticket.get_absolute_url(), asked[:QUESTION_CHARS],
        answer.strip()[:ANSWER_CHARS],
    )  # fmt: skip


def _first_message(kind: Message.Kind, direction: str, ticket_id: int) -> QuerySet:
    """The first of a kind, or the last where `direction` is "-"."""
    said = Message.objects.filter(ticket=ticket_id, kind=kind).order_by(f"{direction}created", f"{direction}pk")
    return said.values_list("format", "body")[:1]


def _text(ticket_id: int, kind: Message.Kind, direction: str) -> str | None:
    found = rows_of(_first_message, ticket_id, fixed=(kind, direction))
    return Message(format=found[0][0], body=found[0][1]).plain if found else None


FINDERS: tuple[Callable[[Ticket, User], list[Source]], ...] = (articles, solved_tickets)
