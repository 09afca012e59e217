"""How others hear of tickets: the helpdesk sends, and knows nobody who listens.

Both are sent after the transaction has committed, with `ticket_ids`: a tuple of ids, so that a change to a thousand
tickets is one signal. `ticket_changed` also carries `what`, the names of the fields or "message".
`reply_sent` says that a person answered a customer: `ticket`, `message` and `draft_id`, the id of the AI draft that
the text was made from, as the page sent it, or "".

What a listener raises is logged and goes no further: the change has happened, and whoever made it must not be told
that it failed and make it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from tickets.models import Message, Ticket

ticket_opened = Signal()
ticket_changed = Signal()
reply_sent = Signal()


def tell_opened(ticket_ids: Iterable[int]) -> None:
    ids = tuple(ticket_ids)
    transaction.on_commit(lambda: ticket_opened.send_robust(None, ticket_ids=ids))


def tell_changed(ticket_ids: Iterable[int], *what: str) -> None:
    ids = tuple(ticket_ids)
    if ids:
        transaction.on_commit(lambda: ticket_changed.send_robust(None, ticket_ids=ids, what=what))


def tell_reply_sent(ticket: Ticket, message: Message, draft_id: str) -> None:
    transaction.on_commit(lambda: reply_sent.send_robust(None, ticket=ticket, message=message, draft_id=draft_id))
