"""The life of a draft in the database: saved as it grows, ended, and then sent or thrown away."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet, Subquery
from django.utils.translation import gettext as _

from assistant import gateway
from assistant.drafts.asking import COMPOSED, MAY_RUN, Plan
from assistant.drafts.comparison import share_changed
from assistant.models import Draft
from assistant.relay.errors import RelayError
from assistant.relay.types import End
from tickets.access import ticket_or_404, tickets_for
from tickets.models import Message, Ticket

SAVE_SECONDS = 1.0
ORPHANED_AFTER = timedelta(seconds=15)  # longer than a short outage of the database
UNSENT = (Draft.State.STREAMING, Draft.State.DONE, Draft.State.STOPPED, Draft.State.INTERRUPTED, Draft.State.FAILED)


@dataclass(frozen=True)
class Progress:
    """How far a running draft has come: `seq` is the number of its last delta."""

    draft_id: uuid.UUID
    text: str
    seq: int


@dataclass(frozen=True)
class Ending:
    """How a stream ended: with the relay's End or an error, or stopped by a person.

    `attempts` are the requests that belong to the plan's ledger row.
    """

    text: str
    seq: int
    attempts: int
    outcome: End | RelayError
    stopped: bool


def save(progress: Sequence[Progress], now: datetime) -> set[uuid.UUID]:
    """Write the text of all running drafts of a process (one at least); returns those that were asked to stop.

    Drafts that are not streaming any more stay as they are, but for those taken for orphans: who saves them is alive,
    and was only kept from it for a while. Even they stay so once they are to stop.
    """
    keys = [_key(each.draft_id) for each in progress]
    moment = connection.ops.adapt_datetimefield_value(now)
    orphaned = connection.ops.adapt_datetimefield_value(now - ORPHANED_AFTER)
    rows = [(each.text, each.seq, moment, key, orphaned) for each, key in zip(progress, keys, strict=True)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_SAVE, rows)
        cursor.execute(_ASKED.format(", ".join(["%s"] * len(keys))), keys)
        return {_id(value) for (value,) in cursor.fetchall()}


# In SQL, since it runs every second beside the streams and the ORM takes ten times as long over it.
_SAVE = """
UPDATE assistant_draft SET text = %s, seq = %s, saved = %s, state = 'streaming', error_code = '', error = ''
WHERE id = %s AND (state = 'streaming' OR state = 'interrupted' AND saved < %s AND NOT stop_requested)"""
_ASKED = "SELECT id FROM assistant_draft WHERE stop_requested AND id IN ({})"


def _key(draft_id: uuid.UUID) -> Any:
    return draft_id if connection.features.has_native_uuid_field else draft_id.hex


def _id(key: Any) -> uuid.UUID:
    return key if isinstance(key, uuid.UUID) else uuid.UUID(key)


@transaction.atomic
def finish(plan: Plan, ending: Ending, now: datetime) -> Draft:
    """Settle the call and write the draft's end; returns the draft as it is then, its call loaded.

    A draft that was sent or discarded meanwhile keeps that state.
    """
    _settle(plan, ending)
    Draft.objects.filter(pk=plan.draft.pk, state__in=MAY_RUN).update(
        text=ending.text, seq=ending.seq, saved=now, **_NO_ERROR | _end_fields(ending)
    )
    return Draft.objects.select_related("call").filter(pk=plan.draft.pk).first() or plan.draft


def request_stop(user: User, ticket_id: int, draft_id: uuid.UUID) -> bool:
    """Ask the process that drives the draft to stop it; it sees so at its next save."""
    return bool(_visible(user, ticket_id).filter(pk=draft_id).update(stop_requested=True))


def find(user: User, ticket_id: int, draft_id: uuid.UUID, now: datetime) -> Draft | None:
    """A draft of a ticket that `user` sees; what no process drives any more is marked first."""
    interrupt_orphans(now)
    return _visible(user, ticket_id).select_related("call").filter(pk=draft_id).first()


def find_all(draft_ids: Collection[uuid.UUID], now: datetime) -> list[Draft]:
    """Drafts that somebody was let see already, their calls loaded."""
    interrupt_orphans(now)
    return list(Draft.objects.select_related("call").filter(pk__in=draft_ids))


def latest_unsent(user: User, ticket_id: int, now: datetime) -> Draft | None:
    """The last text this person asked for in the composer, if it is neither sent nor discarded and holds text."""
    interrupt_orphans(now)
    own = Draft.objects.filter(ticket_id=ticket_id, author=user, kind__in=COMPOSED)
    draft = own.select_related("call").order_by("-created").first()
    if draft is None or draft.state not in UNSENT:
        return None
    return draft if draft.text or draft.state == Draft.State.STREAMING else None


def current_summary(ticket: Ticket) -> Draft | None:
    """The newest finished summary, unless a message has come since; one query."""
    newest = Message.objects.filter(ticket=ticket).order_by("-created", "-id").values("pk")[:1]
    done = Draft.objects.filter(
        ticket=ticket, kind=Draft.Kind.SUMMARY, state=Draft.State.DONE, up_to_id=Subquery(newest)
    )
    return done.order_by("-created").first()


def interrupt_orphans(now: datetime) -> int:
    """Mark streaming drafts whose process has not saved them lately; their text stays. Returns how many."""
    orphans = Draft.objects.filter(state=Draft.State.STREAMING, saved__lt=now - ORPHANED_AFTER)
    reason = _("The server that wrote this draft stopped. What had arrived is kept; ask for a new draft.")
    return orphans.update(state=Draft.State.INTERRUPTED, error_code="interrupted", error=reason)


def discard(user: User, ticket_id: int, draft_id: uuid.UUID) -> bool:
    """Throw an unsent draft away; False when there is none."""
    unsent = _visible(user, ticket_id).filter(pk=draft_id, state__in=UNSENT)
    return bool(unsent.update(state=Draft.State.DISCARDED, stop_requested=True))


def mark_sent(sender: object, *, ticket: Ticket, message: Message, draft_id: str, **_: Any) -> None:
    """Receiver of `reply_sent`: keep which draft was used and how much of it was changed; the rest is discarded."""
    with transaction.atomic():
        draft = _used(ticket, draft_id)
        if draft is not None:
            Draft.objects.filter(pk=draft.pk).update(
                state=Draft.State.SENT, stop_requested=True, sent_message=message,
                edited=share_changed(draft.text, message.body),
            )  # fmt: skip
            # What was translated went out too, in another language: used, and how much of it nobody can count.
            translated = Draft.objects.filter(ticket=ticket, state__in=UNSENT, kind=Draft.Kind.REPLY)
            if draft.original:
                translated.filter(text=draft.original).update(state=Draft.State.SENT, stop_requested=True)
        if message.author is not None:
            unused = _unsent(ticket.pk, message.author)
            unused.update(state=Draft.State.DISCARDED, stop_requested=True)


def _used(ticket: Ticket, draft_id: str) -> Draft | None:
    try:
        written = Draft.objects.filter(ticket=ticket, state__in=UNSENT, kind__in=COMPOSED)
        return written.filter(pk=uuid.UUID(draft_id)).first()
    except ValueError:
        return None


def drafts_for(user: User) -> QuerySet[Draft]:
    """Drafts of the tickets that `user` sees."""
    return Draft.objects.filter(ticket__in=tickets_for(user))


def _visible(user: User, ticket_id: int) -> QuerySet[Draft]:
    return Draft.objects.filter(ticket=ticket_or_404(user, ticket_id))


def _unsent(ticket_id: int, user: User) -> QuerySet[Draft]:
    return Draft.objects.filter(ticket_id=ticket_id, author=user, state__in=UNSENT, kind__in=COMPOSED)


def _settle(plan: Plan, ending: Ending) -> None:
    call, outcome, prompt = plan.call, ending.outcome, plan.route.prompt
    if isinstance(outcome, End):
        gateway.settle(call, outcome, attempts=ending.attempts, prompt=prompt, text=ending.text)
    else:
        gateway.settle_failure(call, outcome, attempts=ending.attempts, prompt=prompt, text=ending.text)


_NO_ERROR = {"error_code": "", "error": ""}  # also where it had been taken for an orphan


def _end_fields(ending: Ending) -> dict[str, Any]:
    states, outcome = Draft.State, ending.outcome
    if ending.stopped:
        return {"state": states.STOPPED, "finish_reason": "stopped"}
    if isinstance(outcome, RelayError):
        state = states.INTERRUPTED if ending.text else states.FAILED
        return {"state": state, "error_code": outcome.code, "error": outcome.message}
    known = {"finish_reason": outcome.finish_reason[:30], "unreadable_events": outcome.unreadable_events}
    if outcome.finish_reason == "content_filter":
        reason = _("The provider's content filter ended this draft.")
        return {"state": states.FAILED, "error_code": "blocked", "error": reason, **known}
    if not ending.text:
        reason = _("The model answered without any text. Try again, or choose another model.")
        return {"state": states.FAILED, "error_code": "relay_error", "error": reason, **known}
    return {"state": states.DONE, **known}
