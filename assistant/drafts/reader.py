"""The thread that reads one answer from the relay."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils.translation import gettext as _

from assistant.drafts.masking import Masking, Unmasking
from assistant.gateway import AIUnavailable
from assistant.relay.client import RelayClient
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.relay.types import ChatRequest, Delta, End

logger = logging.getLogger(__name__)

Item = Delta | End | RelayError


def read(
    client: Callable[[], RelayClient],
    request: ChatRequest,
    cancel: Cancel,
    put: Callable[[Item, bool], None],
    masking: Masking,
) -> None:
    """Put every delta as it comes, the first one urgently, and at last an End or a RelayError, whatever happens.

    Placeholders of `masking` are put as what they stand for, also where they come in pieces.
    """
    unmasking = Unmasking(masking)
    end = _read(client, request, cancel, put, unmasking)
    if rest := unmasking.rest():
        put(Delta(rest), True)
    put(end, True)


def _read(
    client: Callable[[], RelayClient],
    request: ChatRequest,
    cancel: Cancel,
    put: Callable[[Item, bool], None],
    unmasking: Unmasking,
) -> Item:
    urgent = True
    try:
        for item in client().stream(request, cancel):
            if isinstance(item, End):
                return item
            if text := unmasking.feed(item.text):
                put(item if text is item.text else Delta(text), urgent)
                urgent = False
    except RelayError as error:
        return error
    except AIUnavailable as error:  # settings no client can be made from
        return RelayError(error.code, error.message, stops_run=True, request_sent=False)
    except Exception:
        logger.exception("Reading a draft from the relay failed.")
    return RelayError("relay_error", _("The answer could not be read. The log of the server says why."))
