"""The thread that reads one answer from the relay."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils.translation import gettext as _

from assistant.gateway import AIUnavailable
from assistant.relay.client import RelayClient
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.relay.types import ChatRequest, Delta, End

logger = logging.getLogger(__name__)

Item = Delta | End | RelayError


def read(
    client: Callable[[], RelayClient], request: ChatRequest, cancel: Cancel, put: Callable[[Item, bool], None]
) -> None:
    """Put every delta as it comes, the first one urgently, and at last an End or a RelayError, whatever happens."""
    put(*_read(client, request, cancel, put))


def _read(
    client: Callable[[], RelayClient], request: ChatRequest, cancel: Cancel, put: Callable[[Item, bool], None]
) -> tuple[Item, bool]:
    urgent = True
    try:
        for item in client().stream(request, cancel):
            if isinstance(item, End):
                return item, True
            put(item, urgent)
            urgent = False
    except RelayError as error:
        return error, True
    except AIUnavailable as error:  # settings no client can be made from
        return RelayError(error.code, error.message, stops_run=True, request_sent=False), True
    except Exception:
        logger.exception("Reading a draft from the relay failed.")
    return RelayError("relay_error", _("The answer could not be read. The log of the server says why.")), True
