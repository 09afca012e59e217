"""The socket of the inbox, and the query a second that feeds all of them in this process: which tickets have changed.

Changes are read from the database, whoever made them: the worker and other servers cannot reach these sockets where
channels live in memory. What a socket says are ids; the page fetches the rows it shows anew, as its person sees them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.access import ADMINS, tickets_for
from tickets.background import BackgroundTask
from tickets.consumers import BadFrame, parse
from tickets.models import Team, Ticket
from tickets.presence import People, presence
from tickets.sockets import Outbox, Receive, Scope, Send, Visitor, in_thread, visitor_of
from tickets.supervision import LOGGED_OUT, TOO_SLOW, TRY_LATER

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
TICKS_TO_CHECK = 3  # logout and changed teams are noticed every so many ticks
# A transaction may take so long between its time and its commit: on SQLite it waits 20 s for its lock.
OVERLAP = timedelta(seconds=25)
TICKS_TO_MORE = 5  # and that much has changed, for which every page asks for all it shows
MOST = 500  # changes told one by one; above it the page is told that much has changed

Seen = dict[int, tuple[int, int | None, int | None]]  # ticket -> version, team, assignee


class InboxSocket(AsyncWebsocketConsumer):
    """`/ws/inbox/`: `inbox.changed` with the ids of tickets, `inbox.presence` with who has which ticket open, and
    `pong` for `ping`. `since` asks for what has changed from a moment on, and says which tickets are `shown`: a page
    hears of them also when its person may see them no more. Closed with 4401 for who is not logged in (any more),
    4408 when nobody reads, 4503 when the database cannot say what has changed: the page comes back and asks again."""

    channel_layer_alias = ""  # it hears of nothing but the database
    outbox: Outbox | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # however it ended: cut off by an error too
            watcher.discard(self)
            if self.outbox:
                self.outbox.close()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As the parent's, without its way through the one thread-sensitive thread: no connection is held here."""
        try:
            await getattr(self, get_handler_name(message))(message)
        except (DatabaseError, InterfaceError):
            logger.exception("An inbox could not be told what has changed")
            await self.close(TRY_LATER)

    async def connect(self) -> None:
        await self.accept()
        visitor = await in_thread(visitor_of)(self.scope)
        if visitor is None:
            await self.close(LOGGED_OUT)
            return
        self.visitor: Visitor = visitor
        self.outbox = Outbox(self.base_send, lambda: asyncio.ensure_future(self.close(TOO_SLOW)))
        self._present: Mapping[int, list[str]] = {}
        self.shown: frozenset[int] = frozenset()
        await watcher.add(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.outbox is None:
            return
        try:
            message = parse(text_data)
            if message["type"] == "since":
                self.shown = _shown(message)
                await self._catch_up(_moment(message))
            elif message["type"] == "ping":
                self.tell({"type": "pong"})
            else:
                raise BadFrame(_("Unknown type. Known are: %(types)s.") % {"types": "ping, since"})
        except BadFrame as error:
            self.tell({"type": "error", "error": {"code": "bad_request", "message": str(error)}})

    async def _catch_up(self, since: datetime) -> None:
        """What has changed between the page's making, or the last it heard, and this socket's opening."""
        ids = await in_thread(changed_since)(self.visitor.user, since, self.shown)
        if ids:
            self.tell_changed(sorted(ids[:MOST]), more=len(ids) > MOST)

    def tell(self, data: dict[str, Any]) -> None:
        if self.outbox:
            self.outbox.put(json.dumps(data, ensure_ascii=False))

    def tell_changed(self, ids: Sequence[int], *, more: bool) -> None:
        self.tell({"type": "inbox.changed", "tickets": ids, "more": more})

    def show_present(self, present: Mapping[int, list[str]]) -> None:
        if present != self._present:
            self._present = present
            self.tell({"type": "inbox.presence", "tickets": present})


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
        self._task = BackgroundTask(self._watch)
        self._seen: Seen = {}
        self._read = timezone.now()
        self._owed = False  # pages are to be told that much has changed
        self._rest = 0  # ticks until they may be

    async def add(self, socket: InboxSocket) -> None:
        """From now on it is told: what it asks for afterwards and what it is told leave no gap between them."""
        if not self._task.is_running:
            now = timezone.now()
            seen = await in_thread(recent)(now)
            if not self._task.is_running:
                self._seen, self._read = seen, now
                self._owed, self._rest = False, 0  # what earlier pages were not told is nothing to these
                self._task.begin()
        self._sockets.add(socket)

    def discard(self, socket: InboxSocket) -> None:
        self._sockets.discard(socket)

    async def _watch(self) -> None:
        presence.listen()
        sight, tick, known = None, 0, set[InboxSocket]()
        while self._sockets:
            try:
                if sight is None or tick % TICKS_TO_CHECK == 0 or known != self._sockets:
                    known = set(self._sockets)
                    sight = await in_thread(Sight)(list(known))
                await self._tell(sight, known)
            except (DatabaseError, InterfaceError):
                logger.warning("Changes of tickets could not be read; trying again.", exc_info=True)
            tick += 1
            await asyncio.sleep(TICK_SECONDS)
        presence.deafen()

    async def _tell(self, sight: Sight, known: set[InboxSocket]) -> None:
        """What changed while the database could not be read is told once it can be."""
        now = timezone.now()
        found = await in_thread(recent)(self._read)
        if self._sockets - known:  # opened before this was read, they would hear of it neither now nor later
            known = set(self._sockets)
            sight = await in_thread(Sight)(list(known))
        present = presence.people(time.monotonic())
        places = await in_thread(places_of)(present.keys()) if present else {}
        before, self._seen, self._read = self._seen, found, now
        changed = {pk: place for pk, place in found.items() if before.get(pk) != place}
        more = self._is_more(len(found) >= MOST and bool(changed))
        for socket in known & self._sockets:
            if socket.visitor.session_key not in sight.sessions:
                self.discard(socket)
                await socket.close(LOGGED_OUT)
                continue
            mine = sorted(
                pk
                for pk, place in changed.items()
                if pk in socket.shown or _seen_by(sight, socket, place, before.get(pk))
            )
            if mine or more:
                socket.tell_changed(mine[:MOST], more=more)
            socket.show_present(_others(sight, socket.visitor.user.pk, present, places))

    def _is_more(self, cut_off: bool) -> bool:
        """Whether pages are told now: what is not among the newest changes may be anybody's. A run that changes
        hundreds a second cuts off every tick."""
        self._owed, self._rest = self._owed or cut_off, self._rest - 1
        if not self._owed or self._rest > 0:
            return False
        self._owed, self._rest = False, TICKS_TO_MORE
        return True


def _seen_by(sight: Sight, socket: InboxSocket, now: Any, before: Any) -> bool:
    """Those who can see it, and those who could: its row has to go."""
    user_id = socket.visitor.user.pk
    return sight.has(user_id, *now[1:]) or (before is not None and sight.has(user_id, *before[1:]))


def _others(sight: Sight, user_id: int, present: People, places: Seen) -> dict[int, list[str]]:
    """Who else has which ticket open, of the tickets that the person sees."""
    found: dict[int, list[str]] = {}
    for pk, people in present.items():
        names = sorted(name for other, name in people.items() if other != user_id)
        if names and pk in places and sight.has(user_id, *places[pk][1:]):
            found[pk] = names
    return found


def _moment(message: Mapping[str, Any]) -> datetime:
    """When a page was made: seconds since 1970, as the server's clock had it. Raises BadFrame."""
    try:
        return datetime.fromtimestamp(max(float(message["at"]), 0), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise BadFrame(_("at must be the seconds since 1970.")) from None


def _shown(message: Mapping[str, Any]) -> frozenset[int]:
    """The tickets whose rows a page has. Raises BadFrame."""
    ids = message.get("shown", [])
    if not isinstance(ids, list) or len(ids) > MOST or not all(isinstance(pk, int) and 0 < pk < 2**63 for pk in ids):
        raise BadFrame(_("shown must be a list of at most %(most)d ids of tickets.") % {"most": MOST})
    return frozenset(ids)


def changed_since(user: User, since: datetime, shown: Collection[int] = ()) -> list[int]:
    """What `user` sees of the tickets that changed, the newest first, and after it what else is `shown`; at most one
    more than MOST."""
    changed = Q(updated__gte=since - OVERLAP)
    seen = tickets_for(user).filter(changed).order_by("-updated", "-pk").values_list("pk", flat=True)
    ids = list(seen[: MOST + 1])
    left = set(shown).difference(ids)
    if left:
        ids += Ticket.objects.filter(changed, pk__in=left).values_list("pk", flat=True)
    return ids[: MOST + 1]


def recent(since: datetime) -> Seen:
    """The newest changes since a moment and the seconds before it, at most MOST."""
    rows = Ticket.objects.filter(updated__gte=since - OVERLAP).order_by("-updated", "-pk")[:MOST]
    return _places(rows)


def places_of(ids: Iterable[int]) -> Seen:
    return _places(Ticket.objects.filter(pk__in=list(ids)))


def _places(rows: QuerySet[Ticket]) -> Seen:
    values = rows.values_list("pk", "version", "team_id", "assignee_id")
    return {pk: (version, team_id, assignee_id) for pk, version, team_id, assignee_id in values}


watcher = Watcher()
