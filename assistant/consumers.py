"""The ticket socket with drafts: what the browser asks of them, and what it is told."""

from __future__ import annotations

import json
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from assistant.drafts import frames, lifecycle
from assistant.drafts.asking import LONGEST_TEXT, DraftRefused, Wish
from assistant.drafts.elsewhere import elsewhere
from assistant.drafts.streams import hub
from assistant.models import Draft
from tickets import consumers
from tickets.consumers import BadFrame, text_of
from tickets.sockets import in_thread

LONGEST_INSTRUCTION = 2000


class TicketSocket(consumers.TicketSocket):
    """Adds draft.start, draft.stop, draft.resume and draft.discard."""

    handlers: ClassVar[dict[str, str]] = {
        **consumers.TicketSocket.handlers,
        "draft.start": "start_draft",
        "draft.stop": "stop_draft",
        "draft.resume": "resume_draft",
        "draft.discard": "discard_draft",
    }

    @property
    def user_id(self) -> int:
        return self.visitor.user.pk

    async def joined(self) -> None:
        hub.open(self)
        self._elsewhere: dict[str, int] = {}  # drafts that another process drives -> last delta sent
        latest = await in_thread(lifecycle.latest_unsent)(self.visitor.user, self.ticket_id, timezone.now())
        if latest is not None and not hub.runs(latest.pk):
            self.put(frames.latest(latest))

    async def start_draft(self, message: dict[str, Any]) -> None:
        wish = Wish(
            instruction=text_of(message, "instruction", LONGEST_INSTRUCTION),
            tone=text_of(message, "tone", 20, "friendly") or "friendly",
            model=text_of(message, "model", 100),
            kind=text_of(message, "kind", 20, "reply") or "reply",
            preset=_preset_id(message),
            text=text_of(message, "text", LONGEST_TEXT),
        )
        try:
            await hub.start(self.visitor.user, self.ticket_id, wish)
        except DraftRefused as error:
            self.tell_error(error.code, error.message)

    async def stop_draft(self, message: dict[str, Any]) -> None:
        draft_id = _draft_id(message)
        if hub.stop(draft_id, self.ticket_id):
            return
        if not await in_thread(lifecycle.request_stop)(self.visitor.user, self.ticket_id, draft_id):
            self._tell_no_draft()

    async def resume_draft(self, message: dict[str, Any]) -> None:
        draft_id = _draft_id(message)
        if hub.follow(self, draft_id):
            return
        user = self.visitor.user
        draft = await in_thread(lifecycle.find)(user, self.ticket_id, draft_id, timezone.now())
        if hub.follow(self, draft_id):  # began here while the database was asked
            return
        if draft is None:
            self._tell_no_draft()
            return
        self.put(frames.snapshot(draft.pk, draft.seq, draft.text))
        if draft.state == Draft.State.STREAMING:
            self._watch(str(draft.pk), draft.seq)
        else:
            self.put(frames.ended(draft))

    async def discard_draft(self, message: dict[str, Any]) -> None:
        draft_id = _draft_id(message)
        if not await in_thread(lifecycle.discard)(self.visitor.user, self.ticket_id, draft_id):
            self._tell_no_draft()

    async def ticket_drafts(self, event: dict[str, Any]) -> None:
        """Frames from the process that drives a draft; those sent here directly are not taken twice."""
        if event["origin"] == hub.sharing.origin:
            return
        for item in event["frames"]:
            frame = json.loads(item["frame"])
            if item["author"] == self.user_id or frame["draft"] in self._elsewhere:
                self._pass_on(frame, item["frame"])

    def take_frame(self, frame: str) -> None:
        """What the database says of a draft that another process drives; its end may have come by the layer too."""
        data = json.loads(frame)
        if data["draft"] in self._elsewhere:
            self._pass_on(data, frame)

    async def left(self) -> None:
        hub.leave(self)
        elsewhere.forget(self)

    def _pass_on(self, frame: dict[str, Any], text: str) -> None:
        """A delta only when it follows what was sent, a snapshot only when it brings more."""
        draft_id, last = frame["draft"], self._elsewhere.get(frame["draft"])
        match frame["type"]:
            case "draft.started":
                self._watch(draft_id, 0)
            case "draft.delta":
                if last is None or frame["seq"] != last + 1:
                    return
                self._elsewhere[draft_id] = frame["seq"]
            case "draft.snapshot":
                if last is not None and frame["seq"] <= last:
                    return
                self._watch(draft_id, frame["seq"])
            case "draft.done" | "draft.failed":
                self._elsewhere.pop(draft_id, None)
        self.put(text)

    def _watch(self, draft_id: str, seq: int) -> None:
        """In the database too, however it was heard of: a process that is killed sends no last frame."""
        self._elsewhere[draft_id] = seq
        elsewhere.watch(self, UUID(draft_id))

    def _tell_no_draft(self) -> None:
        self.tell_error("not_found", _("There is no such draft in this ticket."))


def _preset_id(message: dict[str, Any]) -> int:
    """Of a preset; 0 for none."""
    value = message.get("preset") or 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise BadFrame(_("preset must be the id of a preset."))
    return value


def _draft_id(message: dict[str, Any]) -> UUID:
    try:
        return UUID(message["draft"])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise BadFrame(_("draft must be the id of a draft.")) from None
