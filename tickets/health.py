"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from tickets.layer import forget
from tickets.sockets import in_thread

logger = logging.getLogger(__name__)

CHANNEL_SECONDS = DATABASE_SECONDS = 2.0


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database and channel layer answer, else 503; the body says which does not.

    What is wrong and yet no reason to take this process out of service is told under `degraded`, with 200.
    """
    database, channels = await asyncio.gather(_database_answers(), _channels_answer())
    checks = {"database": database, "channels": channels}
    ready = all(checks.values())
    shown: dict[str, Any] = {name: "ok" if fine else "unreachable" for name, fine in checks.items()}
    if not ready:
        return JsonResponse({"status": "unavailable", **shown}, status=503)
    degraded = await sync_to_async(_degraded)()
    return JsonResponse({"status": "degraded" if degraded else "ok", **shown, "degraded": degraded})


_question: asyncio.Future[None] | None = None


def _degraded() -> dict[str, str]:
    found = {}
    for name, look in DEGRADATIONS.items():
        try:
            sentence = look()
        except (DatabaseError, InterfaceError):  # gone since it was asked a moment ago
            logger.exception("%s cannot be looked at", name)
            sentence = str(_("The database does not answer."))
        if sentence:
            found[name] = sentence
    return found


def _sqlite_in_production() -> str:
    if settings.SITE_URL and not settings.DEBUG and connection.vendor == "sqlite":
        return str(_("A public site on SQLite: one machine, one writer. Set DATABASE_URL when a team depends on it."))
    return ""


# name: what to look at; an empty answer is a good one. Others add to it when the apps are ready.
DEGRADATIONS: dict[str, Callable[[], str]] = {"sqlite": _sqlite_in_production}


async def _database_answers() -> bool:
    """Within seconds, however long a request would wait for it: who asks has little patience, and asks again. One
    question at a time, so that those nobody waits for any more do not fill the threads."""
    global _question
    if _question is None or _question.done():
        _question = asyncio.ensure_future(in_thread(_ask_database)())
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await asyncio.shield(_question)
    except (DatabaseError, InterfaceError, TimeoutError):
        logger.exception("The database does not answer")
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _channels_answer() -> bool:
    """A message must come back. Layers raise whatever their broker's library raises: nothing narrower will do."""
    layer, channel = get_channel_layer(), ""
    try:
        async with asyncio.timeout(CHANNEL_SECONDS):
            channel = await layer.new_channel()  # of the one kind: two kinds keep each other waiting
            await layer.send(channel, {"type": "readyz"})
            await layer.receive(channel)
    except Exception:
        logger.exception("The channel layer does not answer")
        return False
    finally:
        forget(channel)
    return True
