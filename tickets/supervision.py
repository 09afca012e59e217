"""Closing sockets whose person was logged out, deactivated or lost sight of the ticket, all in one check."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from tickets.access import visible_pairs
from tickets.background import BackgroundTask
from tickets.models import ApiToken
from tickets.sockets import Visitor, in_thread

logger = logging.getLogger(__name__)

LOGGED_OUT, NOT_FOUND, TOO_SLOW = 4401, 4404, 4408
TRY_LATER = 4503  # an application's own: servers refuse to send RFC 6455's 1013
CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class Claim:
    """What a socket or a stream was opened on: a login, or the digest of an API token, and a ticket."""

    user_id: int
    session_key: str
    session_hash: str
    ticket_id: int
    token: str = ""

    @classmethod
    def of(cls, visitor: Visitor, ticket_id: int) -> Claim:
        return cls(visitor.user.pk, visitor.session_key, visitor.session_hash, ticket_id)


class Supervised(Protocol):
    @property
    def claim(self) -> Claim: ...

    async def close(self, code: int) -> None: ...


class Supervisor:
    """All open sockets of this process; checks them every CHECK_SECONDS while there are any."""

    def __init__(self) -> None:
        self._sockets: set[Supervised] = set()
        self._task = BackgroundTask(self._watch)

    def add(self, socket: Supervised) -> None:
        self._sockets.add(socket)
        self._task.begin()

    def discard(self, socket: Supervised) -> None:
        self._sockets.discard(socket)

    def count(self) -> int:
        """How many sockets are open; asked from any thread."""
        return len(self._sockets)

    def people(self) -> dict[int, dict[int, str]]:
        """Who has which ticket open in this process: ticket -> user -> name."""
        found: dict[int, dict[int, str]] = {}
        for socket in list(self._sockets):
            visitor = getattr(socket, "visitor", None)
            if visitor is not None:
                found.setdefault(socket.claim.ticket_id, {})[visitor.user.pk] = visitor.name
        return found

    def watches_any(self, ticket_ids: Collection[int]) -> bool:
        """Whether a page of one of these tickets is open in this process; asked from any thread."""
        wanted = set(ticket_ids)
        return any(socket.claim.ticket_id in wanted for socket in list(self._sockets))

    async def _watch(self) -> None:
        while self._sockets:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                lost = await in_thread(lost_claims)({socket.claim for socket in self._sockets})
            except (DatabaseError, InterfaceError):
                logger.warning("Open sockets could not be checked; trying again.", exc_info=True)
                continue
            for socket in [socket for socket in self._sockets if socket.claim in lost]:
                self._sockets.discard(socket)
                await socket.close(lost[socket.claim])


supervisor = Supervisor()


def lost_claims(claims: Collection[Claim]) -> dict[Claim, int]:
    """The claims that no longer hold, with the close code that says why. The same few queries for any number."""
    keys = {claim.session_key for claim in claims}
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list("pk", flat=True)
    )
    users = User.objects.filter(is_active=True).in_bulk({claim.user_id for claim in claims})
    hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
    digests = {claim.token for claim in claims} - {""}
    tokens = (
        {token.pk for token in ApiToken.objects.filter(pk__in=digests) if not token.is_expired()} if digests else ()
    )
    visible = visible_pairs({(claim.user_id, claim.ticket_id) for claim in claims})
    lost: dict[Claim, int] = {}
    for claim in claims:
        of_session = claim.session_key in alive and hashes.get(claim.user_id) == claim.session_hash
        if not (claim.token in tokens if claim.token else of_session):
            lost[claim] = LOGGED_OUT
        elif (claim.user_id, claim.ticket_id) not in visible:
            lost[claim] = NOT_FOUND
    return lost
