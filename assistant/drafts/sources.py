"""What a reply may lean on: solved tickets like this one, with the question and the answer that was sent.

A source is data for the model and a link for the agent. Other kinds (such as articles) are further functions in
FINDERS; only what the asking person may read is ever found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from tickets.models import Message, Ticket
from tickets.search import similar_solved

MOST = 3
QUESTION_CHARS = 800
ANSWER_CHARS = 1200


@dataclass(frozen=True)
class Source:
    """`question` and `answer` are for the model, the rest for the page."""

    kind: str
    id: int
    title: str
    url: str
    question: str
    answer: str

    @property
    def for_page(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.id, "title": self.title, "url": self.url}

    @property
    def for_prompt(self) -> dict[str, str]:
        return {"kind": self.kind, "question": self.question, "answer": self.answer}


def sources_for(ticket: Ticket, user: User) -> list[Source]:
    """At most MOST of each kind, the most alike first."""
    return [source for find in FINDERS for source in find(ticket, user)]


def solved_tickets(ticket: Ticket, user: User) -> list[Source]:
    """Similar solved tickets that `user` sees and that were answered."""
    found = (_of_ticket(other) for other in similar_solved(ticket, user, limit=MOST))
    return [source for source in found if source is not None]


def _of_ticket(ticket: Ticket) -> Source | None:
    """Its first question and its last answer; None where nobody has answered."""
    thread = ticket.messages.order_by("created", "id")
    answer = thread.filter(kind=Message.Kind.REPLY).last()
    if answer is None:
        return None
    question = thread.filter(kind=Message.Kind.CUSTOMER).first()
    asked = f"{ticket.subject}\n{question.plain if question else ''}".strip()
    return Source(
        "ticket", ticket.pk, ticket.subject, ticket.get_absolute_url(), asked[:QUESTION_CHARS],
        answer.plain.strip()[:ANSWER_CHARS],
    )  # fmt: skip


FINDERS: tuple[Callable[[Ticket, User], list[Source]], ...] = (solved_tickets,)
