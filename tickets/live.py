"""Telling the open pages of a ticket what happened to it, over the channel layer's group of the ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db.models import OuterRef, Subquery

from tickets.layer import tell_group
from tickets.models import Message, Ticket
from tickets.supervision import supervisor

FEW = 10  # tickets changed at once of which every process is told


def group_of(ticket_id: int) -> str:
    return f"ticket.{ticket_id}"


def layer_is_shared() -> bool:
    """Whether other processes hear what this one sends."""
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


def state(version: int, delivery: str) -> str:
    """What a page shows, in a word: another one means that it has to be refreshed. `delivery` is the newest
    message's, which changes without a step of the ticket's version."""
    return f"{version}-{delivery}"


def stored_state(ticket_id: int) -> str:
    """The state of a ticket now; empty for one that is gone."""
    newest = Message.objects.filter(ticket=OuterRef("pk")).order_by("-created", "-pk").values("delivery")[:1]
    found = Ticket.objects.filter(pk=ticket_id).values_list("version", Subquery(newest)).first()
    return state(found[0], found[1] or "") if found else ""


def tell_open_pages(sender: object, *, ticket_ids: Sequence[int], what: Sequence[str], **_: Any) -> None:
    """Receiver of `ticket_changed`: a new message and a changed property refresh every open page of the ticket.

    Where other processes listen too, nobody here knows what they have open: a change of very many tickets at once,
    a triage run's, is then told only where this process has a page of one.
    """
    kind = "message" if "message" in what else "changed"
    shared = layer_is_shared() and (kind == "message" or len(ticket_ids) <= FEW)
    if shared or supervisor.watches_any(ticket_ids):
        async_to_sync(_tell)(ticket_ids, {"type": kind})


async def _tell(ticket_ids: Sequence[int], data: dict[str, Any]) -> None:
    for ticket_id in ticket_ids:
        message = {"type": "ticket.event", "data": {**data, "ticket": ticket_id}}
        if not await tell_group(group_of(ticket_id), message):
            return  # nor would the others arrive
