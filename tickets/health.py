"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)

CHANNEL_SECONDS = 2.0


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database and channel layer answer, else 503; the body says which does not."""
    checks = {"database": await sync_to_async(_database_answers)(), "channels": await _channels_answer()}
    ready = all(checks.values())
    shown: dict[str, Any] = {name: "ok" if fine else "unreachable" for name, fine in checks.items()}
    return JsonResponse({"status": "ok" if ready else "unavailable", **shown}, status=200 if ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer")
        return False
    return True


async def _channels_answer() -> bool:
    """A message must come back. Layers raise whatever their broker's library raises: nothing narrower will do."""
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(CHANNEL_SECONDS):
            channel = await layer.new_channel("readyz")
            await layer.send(channel, {"type": "readyz"})
            await layer.receive(channel)
    except Exception:
        logger.exception("The channel layer does not answer")
        return False
    return True
