"""How others hear of tickets: the helpdesk sends, and knows nobody who listens.

Both are sent after the transaction has committed, with `ticket_ids`: a tuple of ids, so that a change to a thousand
tickets is one signal. `ticket_changed` also carries `what`, the names of the fields or "message".
`reply_sent` says that a person answered a customer: `ticket`, `message` and `draft_id`, the id of the AI draft that
the text was made from, as the page sent it, or "".

`tickets_erased`, with `ticket_ids`, is sent within the transaction that deletes tickets together with their customer,
before it does: whoever keeps texts of them elsewhere forgets those now, and an error takes the erasure back.

What any other listener raises is logged and goes no further: the change has happened, and whoever made it must not be
told that it failed and make it again.

`happening` is the exception: it is sent within the transaction, so that what a listener writes is kept or undone with
the change. It carries `event`, a name of WebhookEvent, and `ids`, those of tickets, messages or classifications, or
`data`, a function that makes the JSON of what tickets know nothing of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from tickets.models import Classification, Message, Ticket

ticket_opened = Signal()
ticket_changed = Signal()
reply_sent = Signal()
tickets_erased = Signal()
happening = Signal()

_NO_UPDATE = {"message", "delivery"}  # changes that are told in their own words, or to the desk alone


def tell_opened(ticket_ids: Iterable[int]) -> None:
    ids = tuple(ticket_ids)
    happening.send(None, event="ticket.created", ids=ids)
    transaction.on_commit(lambda: ticket_opened.send_robust(None, ticket_ids=ids))


def tell_changed(ticket_ids: Iterable[int], *what: str) -> None:
    ids = tuple(ticket_ids)
    if ids:
        if not _NO_UPDATE.issuperset(what):
            happening.send(None, event="ticket.updated", ids=ids)
        transaction.on_commit(lambda: ticket_changed.send_robust(None, ticket_ids=ids, what=what))


def tell_written(messages: Iterable[Message]) -> None:
    """New messages, whether a person, a customer or a program wrote them."""
    happening.send(None, event="message.created", ids=tuple(message.pk for message in messages))


def tell_labelled(classifications: Iterable[Classification]) -> None:
    """Classifications just stored; those of which nothing was applied are opinions, and not told."""
    applied = (row.pk for row in classifications if row.category_applied or row.priority_applied)
    happening.send(None, event="classification.applied", ids=tuple(applied))


def tell_happening(event: str, data: Callable[[], dict[str, Any]]) -> None:
    happening.send(None, event=event, data=data)


def tell_reply_sent(ticket: Ticket, message: Message, draft_id: str) -> None:
    transaction.on_commit(lambda: reply_sent.send_robust(None, ticket=ticket, message=message, draft_id=draft_id))
