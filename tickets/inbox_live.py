"""The socket of the inbox, and the query a second that feeds all of them in this process: which tickets have changed.

Changes are read from the database, whoever made them: the worker and other servers cannot reach these sockets where
channels live in memory. What a socket says are ids; the page fetches the rows it shows anew, as its person sees them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.access import ADMINS
from tickets.consumers import BadFrame, parse
from tickets.models import Team, Ticket
from tickets.sockets import Outbox, Visitor, in_thread, visitor_of
from tickets.supervision import LOGGED_OUT, TOO_SLOW, supervisor

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
TICKS_TO_CHECK = 3  # logout and changed teams are noticed every so many ticks
OVERLAP = timedelta(seconds=10)  # a transaction may take so long between its time and its commit
MOST = 500  # changes told one by one; above it the page is told that much has changed

Seen = dict[int, tuple[int, int | None, int | None]]  # ticket -> version, team, assignee


class InboxSocket(AsyncWebsocketConsumer):
    """`/ws/inbox/`: `inbox.changed` with the ids of tickets, `inbox.presence` with who has which ticket open, and
    `pong` for `ping`. Closed with 4401 for who is not logged in (any more), 4408 when nobody reads."""

    outbox: Outbox | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As the parent's, without its way through the one thread-sensitive thread: no connection is held here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        visitor = await in_thread(visitor_of)(self.scope)
        if visitor is None:
            await self.close(LOGGED_OUT)
            return
        self.visitor: Visitor = visitor
        self.outbox = Outbox(self.base_send, lambda: asyncio.ensure_future(self.close(TOO_SLOW)))
        self._present: Mapping[int, list[str]] = {}
        watcher.add(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            if parse(text_data)["type"] != "ping":
                raise BadFrame(_("Unknown type. Known are: %(types)s.") % {"types": "ping"})
            self.tell({"type": "pong"})
        except BadFrame as error:
            self.tell({"type": "error", "error": {"code": "bad_request", "message": str(error)}})

    def tell(self, data: dict[str, Any]) -> None:
        if self.outbox:
            self.outbox.put(json.dumps(data, ensure_ascii=False))

    def show_present(self, present: Mapping[int, list[str]]) -> None:
        if present != self._present:
            self._present = present
            self.tell({"type": "inbox.presence", "tickets": present})

    async def disconnect(self, code: int) -> None:
        watcher.discard(self)
        if self.outbox:
            self.outbox.close()


class Sight:
    """Who may see which tickets, for all open sockets at once; read anew every few ticks."""

    def __init__(self, sockets: list[InboxSocket]) -> None:
        visitors = {socket.visitor.session_key: socket.visitor for socket in sockets}
        users = User.objects.filter(pk__in={visitor.user.pk for visitor in visitors.values()}, is_active=True)
        hashes = {user.pk: user.get_session_auth_hash() for user in users}
        alive = Session.objects.filter(pk__in=visitors, expire_date__gt=timezone.now()).values_list("pk", flat=True)
        self.sessions = {key for key in alive if hashes.get(visitors[key].user.pk) == visitors[key].session_hash}
        admins = users.filter(Q(is_superuser=True) | Q(groups__name=ADMINS))
        self._admins = set(admins.values_list("pk", flat=True))
        members = Team.members.through.objects.filter(user__in=list(hashes))
        self._members = set(members.values_list("user_id", "team_id"))

    def has(self, user_id: int, team_id: int | None, assignee_id: int | None) -> bool:
        if user_id in self._admins or team_id is None or assignee_id == user_id:
            return True
        return (user_id, team_id) in self._members


class Watcher:
    """All inboxes that this process has open."""

    def __init__(self) -> None:
        self._sockets: set[InboxSocket] = set()
        self._task: asyncio.Task[None] | None = None
        self._seen: Seen = {}

    def add(self, socket: InboxSocket) -> None:
        self._sockets.add(socket)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    def discard(self, socket: InboxSocket) -> None:
        self._sockets.discard(socket)

    async def _watch(self) -> None:
        self._seen = await in_thread(recent)(timezone.now())
        sight, tick, known = None, 0, set[InboxSocket]()
        while self._sockets:
            try:
                if sight is None or tick % TICKS_TO_CHECK == 0 or known != self._sockets:
                    known = set(self._sockets)
                    sight = await in_thread(Sight)(list(known))
                await self._tell(sight)
            except DatabaseError:
                logger.warning("Changes of tickets could not be read; trying again.", exc_info=True)
            tick += 1
            await asyncio.sleep(TICK_SECONDS)

    async def _tell(self, sight: Sight) -> None:
        found = await in_thread(recent)(timezone.now())
        before, self._seen = self._seen, found
        changed = {pk: place for pk, place in found.items() if before.get(pk) != place}
        present = supervisor.people()
        for socket in list(self._sockets):
            if socket.visitor.session_key not in sight.sessions:
                self.discard(socket)
                await socket.close(LOGGED_OUT)
                continue
            mine = sorted(pk for pk, place in changed.items() if _seen_by(sight, socket, place, before.get(pk)))
            if mine:
                socket.tell({"type": "inbox.changed", "tickets": mine[:MOST], "more": len(found) >= MOST})
            others = {
                pk: sorted(name for user_id, name in people.items() if user_id != socket.visitor.user.pk)
                for pk, people in present.items()
            }
            socket.show_present({pk: names for pk, names in others.items() if names})


def _seen_by(sight: Sight, socket: InboxSocket, now: Any, before: Any) -> bool:
    """Those who can see it, and those who could: its row has to go."""
    user_id = socket.visitor.user.pk
    return sight.has(user_id, *now[1:]) or (before is not None and sight.has(user_id, *before[1:]))


def recent(now: datetime) -> Seen:
    """The newest changes of the last seconds, at most MOST."""
    rows = Ticket.objects.filter(updated__gte=now - OVERLAP).order_by("-updated", "-pk")[:MOST]
    values = rows.values_list("pk", "version", "team_id", "assignee_id")
    return {pk: (version, team_id, assignee_id) for pk, version, team_id, assignee_id in values}


watcher = Watcher()
