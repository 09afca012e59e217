"""The socket of a run's page, and the query a second that feeds all of them in this process: the counters of all
watched runs, and one more for the categories of those that have moved.

The worker is another process, which cannot reach these sockets where channels live in memory; so the counters that
its commits keep are read from the database.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.admin.progress import categories_of, progress_json
from assistant.models import TriageRun
from assistant.triage import runs
from tickets.access import ADMINS, is_admin
from tickets.background import BackgroundTask
from tickets.consumers import BadFrame, admitted_by, parse
from tickets.sockets import Outbox, Scope, Visitor, in_thread, visitor_of
from tickets.supervision import LOGGED_OUT, NOT_FOUND, TOO_SLOW

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
TICKS_TO_CHECK = 3  # logout and lost rights are noticed every so many ticks


class RunSocket(AsyncWebsocketConsumer):
    """`/ws/triage-runs/<id>/`: `run.progress` whenever it has changed, and `pong` for `ping`.

    Closed with 4401 for who is not logged in (any more), 4404 for a run that does not exist or somebody who is no
    admin, 4408 when nobody reads.
    """

    channel_layer_alias = ""  # it hears of nothing but the database
    outbox: Outbox | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As the parent's, without its way through the one thread-sensitive thread: no connection is held here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        self.run_id: int = self.scope["url_route"]["kwargs"]["run_id"]
        admitted = await admitted_by(admit, self.scope, self.run_id)
        if isinstance(admitted, int):
            await self.close(admitted)
            return
        self.visitor: Visitor = admitted
        self.outbox = Outbox(self.base_send, lambda: asyncio.ensure_future(self.close(TOO_SLOW)))
        self._last: dict[str, Any] = {}
        watcher.add(self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.outbox is None:
            return
        try:
            if parse(text_data)["type"] != "ping":
                raise BadFrame(_("Unknown type. Known are: %(types)s.") % {"types": "ping"})
            self.outbox.put(json.dumps({"type": "pong"}))
        except BadFrame as error:
            refusal = {"type": "error", "error": {"code": "bad_request", "message": str(error)}}
            self.outbox.put(json.dumps(refusal, ensure_ascii=False))

    def show(self, progress: dict[str, Any]) -> None:
        """Send what the page does not know yet."""
        if self.outbox and progress != self._last:
            self._last = progress
            self.outbox.put(json.dumps(progress, ensure_ascii=False))

    async def disconnect(self, code: int) -> None:
        watcher.discard(self)
        if self.outbox:
            self.outbox.close()


class Watcher:
    """All run pages that this process has open; reads their runs every TICK_SECONDS while there are any."""

    def __init__(self) -> None:
        self._sockets: set[RunSocket] = set()
        self._task = BackgroundTask(self._watch)
        self._found: dict[int, runs.Progress] = {}
        self._categories: dict[int, list[tuple[str, str, int]]] = {}

    def add(self, socket: RunSocket) -> None:
        self._sockets.add(socket)
        self._task.begin()

    def discard(self, socket: RunSocket) -> None:
        self._sockets.discard(socket)

    async def _watch(self) -> None:
        tick = 0
        while self._sockets:
            try:
                await self._tell(check_visitors=tick % TICKS_TO_CHECK == TICKS_TO_CHECK - 1)
            except (DatabaseError, InterfaceError):
                logger.warning("The progress of runs could not be read; trying again.", exc_info=True)
            tick += 1
            await asyncio.sleep(TICK_SECONDS)

    async def _tell(self, *, check_visitors: bool) -> None:
        watched = list(self._sockets)
        found = await in_thread(self._read)({socket.run_id for socket in watched})
        lost: dict[str, int] = {}
        if check_visitors:
            lost = await in_thread(lost_visitors)([socket.visitor for socket in watched])
        for socket in watched:
            progress = found.get(socket.run_id)
            code = NOT_FOUND if progress is None else lost.get(socket.visitor.session_key)
            if progress is None or code is not None:
                self.discard(socket)
                await socket.close(code)
            else:
                socket.show(progress_json(progress, self._categories.get(progress.run, [])))

    def _read(self, run_ids: Collection[int]) -> dict[int, runs.Progress]:
        found = runs.progress(run_ids)
        moved = [progress for run_id, progress in found.items() if progress != self._found.get(run_id)]
        stayed = found.keys() - {progress.run for progress in moved}
        self._categories = {run_id: self._categories.get(run_id, []) for run_id in stayed} | categories_of(moved)
        self._found = found
        return found


watcher = Watcher()


def admit(scope: Scope, run_id: int) -> Visitor | int:
    """Who opened the socket, or the code to close it with."""
    visitor = visitor_of(scope)
    if visitor is None:
        return LOGGED_OUT
    allowed = is_admin(visitor.user) and TriageRun.objects.filter(pk=run_id).exists()
    return visitor if allowed else NOT_FOUND


def lost_visitors(visitors: Collection[Visitor]) -> dict[str, int]:
    """Session key -> close code for those logged out, deactivated or no admins any more: three queries for all."""
    keys = {visitor.session_key for visitor in visitors}
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list("pk", flat=True)
    )
    active = User.objects.filter(pk__in={visitor.user.pk for visitor in visitors}, is_active=True)
    admins = active.filter(Q(is_superuser=True) | Q(groups__name=ADMINS)).distinct()
    hashes = {user.pk: user.get_session_auth_hash() for user in active}
    may_see = set(admins.values_list("pk", flat=True))
    lost: dict[str, int] = {}
    for visitor in visitors:
        if visitor.session_key not in alive or hashes.get(visitor.user.pk) != visitor.session_hash:
            lost[visitor.session_key] = LOGGED_OUT
        elif visitor.user.pk not in may_see:
            lost[visitor.session_key] = NOT_FOUND
    return lost
