"""The process's hub of running drafts: starts them, tells their pages, saves them, and caps their number.

One draft is one task on the event loop, which also reads the relay once a thread has asked it. Each person has at
most one draft for the composer and one summary running in a ticket: a new one stops the old.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.drafts import asking, frames, lifecycle
from assistant.drafts.asking import DraftRefused, Plan, Wish
from assistant.drafts.lifecycle import Ending
from assistant.drafts.running import Listener, Page, Running
from assistant.drafts.sharing import Sharing
from assistant.models import Draft
from tickets.background import BackgroundTask
from tickets.live import layer_is_shared
from tickets.sockets import in_thread
from tickets.tracing import working_on
from tickets.unreached import is_unreached

logger = logging.getLogger(__name__)

FINISH_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0)  # seconds between tries to store a draft that has ended
STOP_PATIENCE = 2.0  # seconds a new draft waits for the thread of the one it replaces


class Hub:
    """All of it lives on the process's event loop."""

    def __init__(self) -> None:
        self.sharing = Sharing()
        self._pages: defaultdict[tuple[int, int], set[Page]] = defaultdict(set)  # by ticket and person
        self._running: dict[UUID, Running] = {}
        self._starting = 0
        self._saver = BackgroundTask(self._save)
        self._tasks: set[asyncio.Task[None]] = set()

    def count(self) -> int:
        """Drafts being written by this process; asked from any thread."""
        return len(self._running)

    def open(self, page: Page) -> None:
        """A page of a ticket was opened: it follows every draft its person runs there, now and later."""
        self._pages[page.ticket_id, page.user_id].add(page)
        for running in self._running_of(page.ticket_id, page.user_id):
            page.put(frames.started(running.plan.draft))
            self.follow(page, running.id)

    def leave(self, page: Page) -> None:
        key = (page.ticket_id, page.user_id)
        self._pages[key].discard(page)
        if not self._pages[key]:
            del self._pages[key]
        self.stop_listening(page)

    def follow(self, page: Page, draft_id: UUID) -> bool:
        """Send a snapshot now and deltas from then on; False when no such draft of the page's ticket runs here."""
        running = self._running.get(draft_id)
        return running is not None and running.ticket_id == page.ticket_id and self.listen(page, draft_id)

    def listen(self, listener: Listener, draft_id: UUID) -> bool:
        """The same for any listener, whose right to the draft has been checked."""
        running = self._running.get(draft_id)
        if running is None:
            return False
        running.followers.add(listener)
        listener.put(frames.snapshot(running.id, running.seq, running.text))
        return True

    def stop_listening(self, listener: Listener) -> None:
        for running in self._running.values():
            running.followers.discard(listener)

    async def start(self, user: User, ticket_id: int, wish: Wish) -> Draft:
        """Begin a draft. Raises DraftRefused: busy at the cap, else as asking.start."""
        await self._stop_earlier(ticket_id, user.pk, wish.rivals)
        if len(self._running) + self._starting >= settings.DRAFT_MAX_STREAMS:
            raise DraftRefused("busy", _("As many drafts as this server allows are being written. Try again soon."))
        self._starting += 1
        try:
            plan: Plan = await in_thread(asking.start)(user, ticket_id, wish, timezone.now())
        except Http404:
            raise DraftRefused("not_found", _("There is no such ticket.")) from None
        finally:
            self._starting -= 1
        self._run(plan)
        return plan.draft

    def runs(self, draft_id: UUID) -> bool:
        return draft_id in self._running

    def stop(self, draft_id: UUID, ticket_id: int) -> bool:
        """Stop a draft that runs here; False when none does."""
        running = self._running.get(draft_id)
        if running is None or running.ticket_id != ticket_id:
            return False
        running.stop()
        return True

    async def _stop_earlier(self, ticket_id: int, user_id: int, kinds: Collection[str]) -> None:
        earlier = [running for running in self._running_of(ticket_id, user_id) if running.kind in kinds]
        for running in earlier:
            running.stop()
        if earlier:
            await asyncio.wait([asyncio.ensure_future(r.finished.wait()) for r in earlier], timeout=STOP_PATIENCE)

    def _run(self, plan: Plan) -> None:
        running = Running(plan, self._tell)
        self._running[running.id] = running
        self._tell(running, frames.started(plan.draft))
        with working_on(draft=running.id):  # the task keeps it, and what it starts
            task = asyncio.create_task(self._drive(running))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._saver.begin()

    async def _drive(self, running: Running) -> None:
        try:
            self._tell(running, await self._last_frame(running))
        finally:
            del self._running[running.id]
            running.finished.set()

    async def _last_frame(self, running: Running) -> str:
        """Take a draft to its end. Whatever fails, its page hears of it."""
        try:
            return frames.ended(await self._ended(running))
        except Exception:
            # What was saved stays; nobody saves it any more, so it will be marked interrupted.
            logger.exception("Draft %s could not be finished.", running.id)
            text = _("The draft could not be stored. Copy what you need and try again.")
            return frames.failed(running.id, "interrupted", text, running.text)

    async def _ended(self, running: Running) -> Draft:
        try:
            ending = await running.drive(random.Random())
        except Exception:
            logger.exception("Draft %s failed; what came of it is kept.", running.id)
            ending = running.give_up()
        try:
            return await self._finish(running.plan, ending)  # a plan that may have become another
        except Exception as error:
            if is_unreached(error):  # it has been tried often enough
                raise
            logger.exception("Draft %s could not be stored as it came; what came of it is kept.", running.id)
            return await self._finish(running.plan, running.give_up())

    async def _finish(self, plan: Plan, ending: Ending) -> Draft:
        """The database may be gone for a while; the whole text is here alone, so it is tried again."""
        for pause in FINISH_PAUSES:
            try:
                return await in_thread(lifecycle.finish)(plan, ending, timezone.now())
            except (DatabaseError, InterfaceError) as error:
                if not is_unreached(error):
                    raise
                logger.warning("Draft %s could not be stored; trying again.", plan.draft.pk, exc_info=True)
            await asyncio.sleep(pause)
        return await in_thread(lifecycle.finish)(plan, ending, timezone.now())

    async def _save(self) -> None:
        """Save all running drafts once a second in one transaction, and stop those that were asked to elsewhere."""
        while self._running:
            await asyncio.sleep(lifecycle.SAVE_SECONDS)
            running = list(self._running.values())
            if not running:  # the last one has just ended
                continue
            try:
                asked = await in_thread(lifecycle.save)([each.progress for each in running], timezone.now())
            except (DatabaseError, InterfaceError):
                logger.warning("Running drafts could not be saved; trying again.", exc_info=True)
                continue
            for each in running:
                if each.id in asked:
                    each.stop()
                if layer_is_shared():
                    self.sharing.tell(each, frames.snapshot(each.id, each.seq, each.text))

    def _tell(self, running: Running, frame: str) -> None:
        pages = self._pages.get((running.ticket_id, running.author_id or 0), set())
        for listener in running.followers | pages:
            listener.put(frame)
        self.sharing.tell(running, frame)

    def _running_of(self, ticket_id: int, user_id: int) -> list[Running]:
        return [r for r in self._running.values() if (r.ticket_id, r.author_id) == (ticket_id, user_id)]


hub = Hub()
