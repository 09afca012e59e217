"""One answer from the relay: asked for in a thread, read on the event loop, so that hundreds need no thread each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from itertools import islice

from django.utils.translation import gettext as _

from assistant.drafts.masking import Masking, Unmasking
from assistant.gateway import AIUnavailable
from assistant.relay.client import RelayClient
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.relay.types import ChatRequest, Delta, End, Pending

logger = logging.getLogger(__name__)

Item = Delta | End | RelayError

AT_ONCE = 500  # pieces of one answer before others have their turn


class Reader:
    """Puts deltas as they come, and at last an End or a RelayError, whatever happens.

    Placeholders of `masking` are put as what they stand for, also where they come in pieces.
    """

    def __init__(
        self,
        client: Callable[[], RelayClient],
        request: ChatRequest,
        cancel: Cancel,
        put: Callable[[list[Item]], None],
        masking: Masking,
    ) -> None:
        self._items = _items(client, request, cancel, Unmasking(masking))
        self._put = put
        self._wanted: int | None = None  # the descriptor to wait for; None where there may be more at once
        self._watched: int | None = None  # the one the loop watches
        self._over = False

    def ask(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ask, and wait until the answer begins, in a thread which may block; `loop` reads on from there."""
        found = self._next()
        try:
            loop.call_soon_threadsafe(self._hand_out, loop, found)
        except RuntimeError:  # the loop has ended, and with it whoever would have read
            self._items.close()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        self._hand_out(loop, self._next())

    def _hand_out(self, loop: asyncio.AbstractEventLoop, found: list[Item]) -> None:
        """Put what was found, and read once more: when there is something to read, or after others had their turn."""
        if self._watched is not None and self._watched != self._wanted:
            loop.remove_reader(self._watched)
            self._watched = None
        if self._wanted is not None and self._watched is None:
            loop.add_reader(self._wanted, self._read, loop)
            self._watched = self._wanted
        elif self._wanted is None and not self._over:
            loop.call_soon(self._read, loop)
        self._put(found)

    def _next(self) -> list[Item]:
        """What has come, of AT_ONCE pieces and two reads of the socket at most."""
        pieces: list[str] = []
        ends: list[Item] = []
        turns = 0
        self._wanted = None
        for item in islice(self._items, AT_ONCE):
            if isinstance(item, str):
                pieces.append(item)
            elif not isinstance(item, Pending):
                ends.append(item)
            elif item.fileno is not None or turns:
                self._wanted = item.fileno
                break
            else:
                turns = 1
        else:
            self._over = len(pieces) + len(ends) + turns < AT_ONCE
        text = "".join(pieces)
        return [Delta(text), *ends] if text else ends


def _items(
    client: Callable[[], RelayClient], request: ChatRequest, cancel: Cancel, unmasking: Unmasking
) -> Generator[str | Pending | End | RelayError, None, None]:
    """Text as the person may see it, then the End or why there is none; after the End only Pending may come."""
    ended = False
    failure = RelayError("relay_error", _("The answer could not be read. The log of the server says why."))
    try:
        for item in client().poll(request, cancel):
            if isinstance(item, End):
                yield unmasking.rest()
                ended = True
            yield unmasking.feed(item.text) if isinstance(item, Delta) else item
    except RelayError as error:
        failure = error
    except AIUnavailable as error:  # settings no client can be made from
        failure = RelayError(error.code, error.message, stops_run=True, request_sent=False)
    except Exception:
        logger.exception("Reading a draft from the relay failed.")
    if not ended:
        yield unmasking.rest()
        yield failure
