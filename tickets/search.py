"""Finding tickets by words, behind one function for both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from django.contrib.auth.models import User
from django.db import connections
from django.db.models import BooleanField, F, QuerySet
from django.db.models.expressions import Func, RawSQL
from django.db.models.functions import Substr

from tickets.access import tickets_for
from tickets.fulltext import Piece, Query, marked, parse, snippet, words_of
from tickets.fulltext.ticket_words import TICKETS
from tickets.fulltext.words import Term
from tickets.models import Message, Ticket
from tickets.models.choices import Status
from tickets.text import html_to_text

_FEW = 4000  # up to here matches are looked up and sorted; beyond, the list is walked in order, asking for each
_SNIPPET = 180
_READ = 20_000  # characters of a message looked through for its hits
_MESSAGES = 1000  # newest messages of a page's tickets that are looked through

# What similar tickets are looked for by.
_TELLING = 8
_LOOKED_AT = 60
_COMMON = 5000
_CANDIDATES = 400


def search(queryset: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
    """The tickets of `queryset` that `text` finds: in subject, messages, notes, or the customer's name and address.

    All words must be there, in any place of the ticket; the last one may be the beginning of a word; "quoted words"
    stand together; `#12` is the ticket of that number, and `12` finds that one too. No text is an error. SQLite
    is asked at once which they are, as far as they are few.
    """
    number = _number(text)
    if number and text.strip().startswith("#"):
        return queryset.filter(pk=number)
    query = parse(text)
    if not query.terms:
        return queryset.none()
    vendor = connections[queryset.db].vendor
    sql, parameters, few = TICKETS.select(vendor), [TICKETS.parameter(vendor, query)], False
    if vendor == "sqlite":
        keys, found = TICKETS.keys_as_json(query, _FEW + 1, using=queryset.db)
        if few := found <= _FEW:
            sql, parameters = "SELECT value FROM json_each(%s)", [keys]
    if number:
        sql, parameters = f"{sql} UNION ALL SELECT CAST(%s AS bigint)", [*parameters, str(number)]
    if vendor == "sqlite" and not few:
        return queryset.filter(_Among(F("pk"), RawSQL(sql, parameters)))  # noqa: S611  what was typed is a parameter
    return queryset.filter(pk__in=RawSQL(sql, parameters))  # noqa: S611


class _Among(Func):
    """`id IN (…)` that SQLite checks row by row. It would else take any subquery for a short list, and look up and
    sort all that it holds. The unary plus is its documented way to say so."""

    template = "+%(expressions)s"
    arg_joiner = " IN "
    output_field = BooleanField()
    conditional = True


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


@dataclass(frozen=True)
class Highlight:
    """Subject and a snippet of a message that matches, in pieces. `note`: colleagues alone see that message."""

    subject: Sequence[Piece]
    snippet: Sequence[Piece] = ()
    note: bool = False


def highlights(tickets: Sequence[Ticket], text: str) -> dict[int, Highlight]:
    """Where `text` was found, by ticket id: one query for the page. Pieces are plain text; templates escape them."""
    query = parse(text)
    shown = {ticket.pk: Highlight(marked(ticket.subject, query)) for ticket in tickets}
    if not query.terms:
        return shown
    said = Message.objects.filter(ticket__in=list(shown)).order_by("-created", "-pk")[:_MESSAGES]
    best: dict[int, int] = {}
    for ticket_id, kind, format, body in said.values_list("ticket_id", "kind", "format", Substr("body", 1, _READ)):
        plain = " ".join((html_to_text(body) if format == Message.Format.HTML else body).split())
        number, pieces = snippet(plain, query, _SNIPPET)
        if number > best.get(ticket_id, 0):
            best[ticket_id] = number
            shown[ticket_id] = Highlight(shown[ticket_id].subject, pieces, kind == Message.Kind.NOTE)
    return shown


def similar_solved(ticket: Ticket, user: User, limit: int = 3) -> list[Ticket]:
    """Solved tickets with the most telling words in common, the most alike first, out of those `user` may see.

    A bounded number of rows is looked at, whatever the number of tickets: for each of the rarest words of the
    subject and the first message, the newest tickets that have it.
    """
    opening = ticket.messages.filter(kind=Message.Kind.CUSTOMER).order_by("created", "pk").first()
    scores: Counter[int] = Counter()
    telling = _telling(ticket.subject, opening.plain if opening else "")
    found = TICKETS.keys_of([query for query, _weight in telling], _CANDIDATES)
    for keys, (_query, weight) in zip(found, telling, strict=True):
        scores.update(dict.fromkeys(keys, weight))
    scores.pop(ticket.pk, None)
    candidates = [pk for pk, _score in scores.most_common(50 * limit)]
    solved = tickets_for(user).filter(pk__in=candidates, status__in=[Status.RESOLVED, Status.CLOSED])
    return sorted(solved, key=lambda other: (-scores[other.pk], -other.pk))[:limit]


def _telling(subject: str, body: str) -> list[tuple[Query, float]]:
    """The rarest words that others have too, each with its weight."""
    words = dict.fromkeys(word for word in words_of(f"{subject} {body}") if len(word) > 2 and not word.isdigit())
    queries = {word: Query((Term((word,)),)) for word in list(words)[:_LOOKED_AT]}
    counted = zip(TICKETS.counts(list(queries.values()), _COMMON + 1), queries, strict=True)
    rare = sorted((count, word) for count, word in counted if 1 < count <= _COMMON)
    return [(queries[word], log(2 * _COMMON / count)) for count, word in rare[:_TELLING]]
