"""The one query behind a ticket's thread: a union of what was said, changed and proposed, with the files of it.

Each part is read from its newest end and no further than asked, so a ticket with thousands of messages costs as
much as one with fifty.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat

from tickets.desk.entries import Place
from tickets.models import Attachment, Classification, Message, Ticket, TicketEvent, UnsentText
from tickets.models.choices import SetBy
from tickets.prepared import rows_of

HEAD = 2  # entries at the beginning that are always read
TEXTS = ("h", "i", "j", "k", "l", "m", "n", "o", "p", "q")
OPENING, SAID, PROPOSED, CHANGED, BESIDE = range(5)  # ranks: the order of entries of one moment
_NOTHING = Value("")

Row = tuple[Any, ...]


def read_rows(ticket: Ticket, user_id: int | None, before: Place | None, size: int) -> list[Row]:
    """The newest `size` + 1 entries of each kind before a place, the first of the ticket and the AI's latest; with
    them the attachments of these messages and, of the user's own, what is not sent. One query, in no order."""
    asked_by = [] if user_id is None else [user_id]
    if before is None:  # the query that every look at a ticket makes
        return rows_of(_newest, ticket.pk, *asked_by, fixed=(size,))
    return list(_query(before, size, ticket.pk, *asked_by))


def _newest(size: int, *numbers: int) -> QuerySet:
    return _query(None, size, *numbers)


def _query(before: Place | None, size: int, ticket: int, user: int | None = None) -> QuerySet:
    said, changed = Message.objects.filter(ticket=ticket), TicketEvent.objects.filter(ticket=ticket)
    messages = _window(said, before, SAID, size, keep=_oldest(said))
    events = _window(changed, before, CHANGED, size, keep=_oldest(changed))
    by_ai = Classification.objects.filter(ticket=ticket, source=SetBy.RELAY)
    proposals = _window(by_ai, before, PROPOSED, size, keep=by_ai.order_by("-created", "-pk").values("pk")[:1])
    parts = [_events(events), _proposals(proposals), _attachments(ticket, messages, user)]
    if user is not None:
        parts.append(_unsent(ticket, user))
    return _messages(said, messages).union(*parts, all=True)


def _oldest(rows: QuerySet) -> QuerySet:
    return rows.order_by("created", "pk").values("pk")[:HEAD]


def _window(rows: QuerySet, before: Place | None, rank: int, size: int, *, keep: QuerySet) -> QuerySet:
    """The newest of `rows` before a place, and those to keep anyway. A part of a union cannot be cut short itself
    (SQLite), the query of its keys can."""
    earlier = rows
    if before is not None:
        same = Q() if rank < before.rank else Q(pk__lt=before.pk)
        at_that_moment = Q(created=before.created) & same if rank <= before.rank else Q(pk__in=[])
        earlier = rows.filter(created__lte=before.created).filter(Q(created__lt=before.created) | at_that_moment)
    newest = earlier.order_by("-created", "-pk").values("pk")[: size + 1]
    return rows.filter(Q(pk__in=newest) | Q(pk__in=keep)).order_by()


def _columns(rank: Any, what: str, who: str, *texts: Any) -> dict[str, Any]:
    """The columns that all parts of the union have, in the order of their names."""
    names = {name: F(f"{who}__{name}") if who else None for name in ("username", "first_name", "last_name")}
    filled = dict(zip(TEXTS, texts, strict=False))
    return {
        "a_created": F("updated" if what == "unsent" else "created"),
        "b_rank": rank if isinstance(rank, Case) else Value(rank, IntegerField()),
        "c_pk": F("pk"),
        "d_what": Value(what, CharField()),
        "e_user": Cast(names["username"] or _NOTHING, TextField()),
        "f_first": Cast(names["first_name"] or _NOTHING, TextField()),
        "g_last": Cast(names["last_name"] or _NOTHING, TextField()),
    } | {name: Cast(filled.get(name, _NOTHING), TextField()) for name in TEXTS}


def _messages(said: QuerySet, rows: QuerySet) -> QuerySet:
    """With the number of all messages in each row, which costs one look at an index."""
    all_of_them = said.order_by().values("ticket").annotate(n=Count("pk")).values("n")
    columns = _columns(
        SAID, "message", "author",
        F("kind"), F("body"), F("format"), F("delivery"), F("sender"), F("trust"), F("folded"), F("remarks"),
        F("automatic"), Subquery(all_of_them),
    )  # fmt: skip
    return rows.annotate(**columns).values_list(*columns)


def _events(rows: QuerySet) -> QuerySet:
    """At one moment the opening comes before the first message, every other change after what was written."""
    opened = When(kind=TicketEvent.Kind.OPENED, then=Value(OPENING))
    rank = Case(opened, default=Value(CHANGED), output_field=IntegerField())
    columns = _columns(
        rank, "event", "actor", F("kind"), F("old"), F("new"), F("cause"), _person("old"), _person("new")
    )
    return rows.annotate(**columns).values_list(*columns)


def _person(column: str) -> Case:
    """The full name of the assignee that an event names by user name."""
    people = User.objects.filter(username=OuterRef(column)).annotate(
        full=Concat("first_name", Value(" "), "last_name")
    )
    named = When(kind=TicketEvent.Kind.ASSIGNEE, then=Subquery(people.values("full")[:1]))
    return Case(named, default=Value(""), output_field=TextField())


def _proposals(rows: QuerySet) -> QuerySet:
    columns = _columns(
        PROPOSED, "proposal", "", F("category__slug"), F("reason"), F("priority"), F("confidence"), F("model")
    )
    return rows.annotate(**columns).values_list(*columns)


def _attachments(ticket: int, messages: QuerySet, user_id: int | None) -> QuerySet:
    mine = Q(message__isnull=True, uploaded_by=user_id) if user_id is not None else Q(pk__in=[])
    shown = Q(message__in=messages.values("pk"))
    columns = _columns(BESIDE, "attachment", "", F("message_id"), F("name"), F("detected"), F("size"), F("waits_for"))
    return Attachment.objects.filter(shown | mine, ticket=ticket).order_by().annotate(**columns).values_list(*columns)


def _unsent(ticket: int, user_id: int) -> QuerySet:
    columns = _columns(BESIDE, "unsent", "", F("kind"), F("body"), F("other"), F("draft"), F("revision"))
    return UnsentText.objects.filter(ticket=ticket, user=user_id).order_by().annotate(**columns).values_list(*columns)
