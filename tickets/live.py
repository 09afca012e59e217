"""Telling the open pages of a ticket what happened to it, over the channel layer's group of the ticket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from tickets.supervision import supervisor


def group_of(ticket_id: int) -> str:
    return f"ticket.{ticket_id}"


def layer_is_shared() -> bool:
    """Whether other processes hear what this one sends."""
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


def tell_open_pages(sender: object, *, ticket_ids: Sequence[int], what: Sequence[str], **_: Any) -> None:
    """Receiver of `ticket_changed`: a new message refreshes every open page of its ticket."""
    if "message" in what and (layer_is_shared() or supervisor.watches_any(ticket_ids)):
        async_to_sync(_tell)(ticket_ids, {"type": "message"})


async def _tell(ticket_ids: Sequence[int], data: dict[str, Any]) -> None:
    layer = get_channel_layer()
    for ticket_id in ticket_ids:
        await layer.group_send(group_of(ticket_id), {"type": "ticket.event", "data": {**data, "ticket": ticket_id}})
