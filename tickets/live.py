"""Telling the open pages of a ticket what happened to it, over the channel layer's group of the ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from tickets.supervision import supervisor

FEW = 10  # tickets changed at once of which every process is told


def group_of(ticket_id: int) -> str:
    return f"ticket.{ticket_id}"


def layer_is_shared() -> bool:
    """Whether other processes hear what this one sends."""
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


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
    layer = get_channel_layer()
    for ticket_id in ticket_ids:
        await layer.group_send(group_of(ticket_id), {"type": "ticket.event", "data": {**data, "ticket": ticket_id}})
