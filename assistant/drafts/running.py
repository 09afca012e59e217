"""One draft while it streams in this process."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import Any, Protocol

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext as _

from assistant import gateway, throttle
from assistant.drafts import asking, frames
from assistant.drafts.asking import Plan
from assistant.drafts.lifecycle import Ending, Progress
from assistant.drafts.reader import Item, Reader
from assistant.relay.deadlines import Cancel
from assistant.relay.errors import RelayError
from assistant.relay.retry import LONGEST_HINT, delay_before_retry
from assistant.relay.types import Delta, End
from tickets.sockets import in_thread

WAIT_SLICE = 1.0


class Listener(Protocol):
    """Whoever follows a draft."""

    def put(self, frame: str) -> None: ...


class Page(Listener, Protocol):
    """An open page as this package sees it."""

    user_id: int
    ticket_id: int


class Running:
    """Text so far and who follows it. All methods run on the event loop, so a snapshot and the deltas after it fit
    together by construction."""

    def __init__(self, plan: Plan, tell: Callable[[Running, str], None]) -> None:
        self.plan = plan
        self.id = plan.draft.pk
        self.ticket_id = plan.draft.ticket_id
        self.author_id = plan.draft.author_id
        self.followers: set[Listener] = set()
        self.finished = asyncio.Event()
        self.seq = 0
        self._text: list[str] = []
        self._tell = tell
        self.kind = plan.draft.kind
        self._cancel = Cancel()
        self._stopped = asyncio.Event()
        self._outcome: asyncio.Future[End | RelayError] | None = None
        self._attempts = 0
        self._booked = 0  # of the attempts, those in ledger rows before the plan's

    @property
    def text(self) -> str:
        if len(self._text) > 1:
            self._text = ["".join(self._text)]
        return self._text[0] if self._text else ""

    @property
    def progress(self) -> Progress:
        return Progress(self.id, self.text, self.seq)

    def stop(self) -> None:
        """End it now and keep its text. May be called again."""
        self._stopped.set()
        self._cancel.cancel()

    def take(self, items: list[Item]) -> None:
        """What has come, in order: deltas, then how the call ended. What gathered while the loop was busy with others
        is one frame."""
        text = "".join(item.text for item in items if isinstance(item, Delta))
        ended = next((item for item in items if not isinstance(item, Delta)), None)
        if ended is not None and self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(ended)  # heard of in a later turn of the loop, after the text
        if text:
            self.seq += 1
            self._text.append(text)
            self._tell(self, frames.delta(self.id, self.seq, text))

    async def drive(self, rng: random.Random) -> Ending:
        """Make the call, again as the policy on retries says while there is no text; returns how it ended."""
        try:
            outcome = await self._call_until_answered(rng)
        except RelayError as error:
            outcome = error
        return self._ending(outcome)

    def give_up(self) -> Ending:
        """How a draft ends under which we failed: with the text so far, and what is still out cancelled."""
        self._cancel.cancel()
        text = _("Collie failed on this draft, and its log says why. What had arrived is kept; ask for a new draft.")
        return self._ending(RelayError("relay_error", text))

    def _ending(self, outcome: End | RelayError) -> Ending:
        return Ending(self.text, self.seq, self._attempts - self._booked, outcome, self._stopped.is_set())

    async def _call_until_answered(self, rng: random.Random) -> End | RelayError:
        while True:
            await self._wait_for_turn()
            outcome = await self._call()
            if isinstance(outcome, End):
                # The limit forgets its refusals at the next answer.
                with contextlib.suppress(DatabaseError, InterfaceError):
                    await in_thread(throttle.answered)(self.plan.route.lane)
                return outcome
            delay = delay_before_retry(outcome, self._attempts, rng)
            if outcome.status == 429 and outcome.retryable:
                await in_thread(throttle.pause_for)(outcome, self.plan.route.lane, time.time())
                delay = None if delay is None else 0.0  # the paused bucket is what to wait for
            if delay is None or self._text or not await self._can_pay_again(outcome):
                return outcome
            await self._wait(delay, "retry")

    async def _wait_for_turn(self) -> None:
        """Take a request's token from the shared bucket. Raises RelayError when that is too long to sit through."""
        began, waited = time.time(), False
        while seconds := await in_thread(throttle.take)(self.plan.route.lane, time.time()):
            waited = True
            if seconds > LONGEST_HINT:
                text = _("The relay takes no more requests for %(seconds)d s. Try again then.")
                raise RelayError("rate_limited", text % {"seconds": math.ceil(seconds)}, retryable=True, status=429)
            await self._wait(seconds, "rate_limit", WAIT_SLICE)
        if waited:
            await in_thread(throttle.waited)(time.time() - began)

    async def _can_pay_again(self, error: RelayError) -> bool:
        """Give a request that may have cost a ledger row of its own; False when no budget has room for another."""
        if not gateway.may_have_cost(error, self._attempts):
            return True
        fresh = await in_thread(asking.pay_again)(self.plan, error, self._attempts - self._booked)
        if fresh is None:
            return False
        self.plan, self._booked = fresh, self._attempts
        return True

    async def _wait(self, seconds: float, reason: str, at_most: float = LONGEST_HINT) -> None:
        """Tell the pages and wait, or raise RelayError as soon as the draft is stopped."""
        if seconds >= 1:
            self._tell(self, frames.waiting(self.id, math.ceil(seconds), reason))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), min(seconds, at_most))
        if self._stopped.is_set():
            raise RelayError("cancelled", _("Stopped before the relay was asked."), request_sent=False)

    async def _call(self) -> End | RelayError:
        """One call, begun by a thread of its own which never touches the ORM."""
        self._attempts += 1
        loop = asyncio.get_running_loop()
        self._outcome = loop.create_future()
        reader = Reader(gateway.client, self.plan.route.request(), self._cancel, self.take, self.plan.masking)
        Thread(
            target=copy_context().run,  # lines of log carry the draft's id there too
            args=(reader.ask, loop),
            name=f"draft-{self.id}",
            daemon=True,
        ).start()
        return await self._outcome

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: Any) -> bool:
        return self is other
