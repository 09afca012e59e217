"""The socket of an open ticket page: who may have it, what it says of others, and how it takes rubbish."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, ClassVar

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError, InterfaceError
from django.http import Http404
from django.utils.translation import gettext as _

from tickets.access import ticket_or_404
from tickets.layer import LayeredSocket, tell_group, told
from tickets.live import group_of, stored_state
from tickets.presence import presence
from tickets.sockets import Outbox, Scope, Visitor, in_thread, visitor_of
from tickets.supervision import LOGGED_OUT, NOT_FOUND, TOO_SLOW, TRY_LATER, Claim, supervisor

logger = logging.getLogger(__name__)

LONGEST_FRAME = 64 * 1024
TYPING = ("", "reply", "note")


class BadFrame(Exception):
    """A client sent what the protocol does not know; the message says what it should have been."""


class TicketSocket(LayeredSocket):
    """`/ws/tickets/<id>/`: JSON objects with a `type`, both ways.

    Closed with 4401 for who is not logged in (any more), 4404 for a ticket they may not see, 4408 when they do not
    read, 4503 when nobody can be admitted for now. What happens from the `state` on that it says first is told; a
    page that shows another one is refreshed. Subclasses add to `handlers` (type -> method name) and hook into
    `joined` and `left`.
    """

    handlers: ClassVar[dict[str, str]] = {"ping": "answer_ping", "presence": "note_typing"}
    outbox: Outbox | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As the parent's, without its way through the one thread-sensitive thread: no connection is held here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        self.ticket_id: int = self.scope["url_route"]["kwargs"]["ticket_id"]
        admitted = await admitted_by(admit, self.scope, self.ticket_id)
        if isinstance(admitted, int):
            await self.close(admitted)
            return
        self.visitor: Visitor = admitted
        self.claim = Claim.of(admitted, self.ticket_id)
        self.outbox = Outbox(self.base_send, lambda: asyncio.ensure_future(self.close(TOO_SLOW)))
        self._typing = ""
        self._present: dict[str, dict[str, Any]] = {self.channel_name: self._person()}
        supervisor.add(self)
        presence.tell()
        self.group = group_of(self.ticket_id)
        await self.enter_group()
        await self._tell_group("presence.joined")
        self._tell_presence()
        await self._tell_state()
        await self.joined()

    async def joined(self) -> None:
        """The socket is open and its person admitted."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.outbox is None:
            return
        try:
            message = parse(text_data)
            name = self.handlers.get(message["type"])
            if name is None:
                raise BadFrame(_("Unknown type. Known are: %(types)s.") % {"types": ", ".join(self.handlers)})
            await getattr(self, name)(message)
        except BadFrame as error:
            self.tell_error("bad_request", str(error))
        except (DatabaseError, InterfaceError):
            logger.exception("A frame could not be answered")
            self.tell_error("busy", _("The database does not answer. Try again in a moment."))

    async def answer_ping(self, message: dict[str, Any]) -> None:
        self.tell({"type": "pong"})

    async def note_typing(self, message: dict[str, Any]) -> None:
        """The person writes a reply or a note, or has stopped."""
        typing = text_of(message, "typing", 10)
        if typing not in TYPING:
            raise BadFrame(_("typing must be one of: reply, note, or empty."))
        if typing != self._typing:
            self._typing = typing
            await self._tell_group("presence.here")

    async def ticket_event(self, event: dict[str, Any]) -> None:
        self.tell(event["data"])

    async def presence_joined(self, event: dict[str, Any]) -> None:
        if event["channel"] == self.channel_name:
            return
        await told(self.channel_layer.send(event["channel"], self._presence("presence.here")))
        await self.presence_here(event)

    async def presence_here(self, event: dict[str, Any]) -> None:
        self._present[event["channel"]] = event["person"]
        self._tell_presence()

    async def presence_left(self, event: dict[str, Any]) -> None:
        if self._present.pop(event["channel"], None):
            self._tell_presence()

    def tell(self, data: dict[str, Any]) -> None:
        self.put(json.dumps(data, ensure_ascii=False))

    def tell_error(self, code: str, message: str) -> None:
        self.tell({"type": "error", "error": {"code": code, "message": message}})

    def put(self, frame: str) -> None:
        """Send a frame that is JSON already."""
        if self.outbox:
            self.outbox.put(frame)

    async def returned(self) -> None:
        """The page sees whether it missed something; the others say again that they are here."""
        await self._tell_group("presence.joined")
        await self._tell_state()

    async def parted(self) -> None:
        if self.outbox is None:
            return
        supervisor.discard(self)
        self.outbox.close()
        await self.left()
        await self.leave_group()
        await self._tell_group("presence.left")

    async def left(self) -> None:
        """The socket is closed."""

    async def _tell_state(self) -> None:
        self.tell({"type": "state", "state": await in_thread(stored_state)(self.ticket_id)})

    def _person(self) -> dict[str, Any]:
        return {"id": self.visitor.user.pk, "name": self.visitor.name, "typing": self._typing}

    def _presence(self, type: str) -> dict[str, Any]:
        return {"type": type, "channel": self.channel_name, "person": self._person()}

    async def _tell_group(self, type: str) -> None:
        await tell_group(self.group, self._presence(type))

    def _tell_presence(self) -> None:
        """One entry a person, however many pages they have open; what they write in any of them counts."""
        people: dict[int, dict[str, Any]] = {}
        for person in self._present.values():
            if person["id"] not in people or person["typing"]:
                people[person["id"]] = person
        self.tell({"type": "presence", "people": sorted(people.values(), key=lambda person: person["name"])})


class UnknownSocket(AsyncWebsocketConsumer):
    """Any other address: closed with a code the browser sees."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_FOUND)


async def admitted_by(admit: Callable[..., Visitor | int], *where: Any) -> Visitor | int:
    """What `admit` says, or the code to close the socket with when the database does not answer it."""
    try:
        admitted: Visitor | int = await in_thread(admit)(*where)
    except (DatabaseError, InterfaceError):
        logger.exception("Nobody can be admitted to a socket")
        return TRY_LATER
    return admitted


def admit(scope: Scope, ticket_id: int) -> Visitor | int:
    """Who opened the socket, or the code to close it with."""
    visitor = visitor_of(scope)
    if visitor is None:
        return LOGGED_OUT
    try:
        ticket_or_404(visitor.user, ticket_id)
    except Http404:
        return NOT_FOUND
    return visitor


def parse(text: str | None) -> dict[str, Any]:
    """A client's frame: a JSON object with a string `type`. Raises BadFrame."""
    if text is None or len(text) > LONGEST_FRAME:
        raise BadFrame(_("Send JSON as text of at most %(bytes)d characters.") % {"bytes": LONGEST_FRAME})
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame(_("That is not JSON.")) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadFrame(_("Send a JSON object with a type."))
    return message


def text_of(message: dict[str, Any], name: str, longest: int, default: str = "") -> str:
    """A text field of a frame. Raises BadFrame when it is no text or too long."""
    value = message.get(name, default)
    if not isinstance(value, str) or len(value) > longest:
        raise BadFrame(
            _("%(name)s must be text of at most %(longest)d characters.") % {"name": name, "longest": longest}
        )
    return value.encode("utf-8", "replace").decode().replace("\0", "")
