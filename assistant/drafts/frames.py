"""What pages are told of a draft, as the public protocol spells it; a frame is JSON text, made once for all."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from assistant.models import Draft, RelayCall

RETRYABLE = {"rate_limited", "timeout", "interrupted", "truncated", "relay_error", "busy"}


def started(draft: Draft) -> str:
    """For the person who asked, who may see the `sources`: tickets and the like that the text leans on."""
    return _frame("draft.started", draft.pk, model=draft.model, kind=draft.kind, sources=draft.sources or [])


def waiting(draft_id: UUID, seconds: int, reason: str) -> str:
    """The draft waits: `reason` is rate_limit, or retry after a request that failed."""
    return _frame("draft.waiting", draft_id, seconds=seconds, reason=reason)


def delta(draft_id: UUID, seq: int, text: str) -> str:
    return _frame("draft.delta", draft_id, seq=seq, text=text)


def snapshot(draft_id: UUID, seq: int, text: str) -> str:
    return _frame("draft.snapshot", draft_id, seq=seq, text=text)


def ended(draft: Draft) -> str:
    """`draft.done` or `draft.failed` for a draft that streams no more (its call loaded)."""
    if draft.error_code:
        return failed(draft.pk, draft.error_code, draft.error, draft.text)
    call = draft.call
    return _frame(
        "draft.done",
        draft.pk,
        text=draft.text,
        state=draft.state,
        finish_reason=draft.finish_reason,
        usage=_usage(call) if call else None,
        cost_usd=money(call.cost) if call else None,
        ttft_ms=call.ttft_ms if call else None,
        latency_ms=call.latency_ms if call else None,
        unreadable_events=draft.unreadable_events,
    )


def failed(draft_id: UUID, code: str, message: str, text: str) -> str:
    """`text` is what had arrived and is kept."""
    error = {"code": code, "message": message, "retryable": code in RETRYABLE}
    return _frame("draft.failed", draft_id, error=error, text=text)


def latest(draft: Draft) -> str:
    """The last unsent draft of the person who opened the page."""
    return _frame(
        "draft.latest", draft.pk, state=draft.state, text=draft.text, created=draft.created.isoformat(),
        model=draft.model, kind=draft.kind, sources=draft.sources or [],
    )  # fmt: skip


def money(cost: Decimal | None) -> str | None:
    """USD with 6 to 10 places; None stays unknown."""
    if cost is None:
        return None
    whole, _, places = f"{cost:.10f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(6, '0')}"


def _usage(call: RelayCall) -> dict[str, Any]:
    return {
        "prompt_tokens": call.prompt_tokens,
        "cached_tokens": call.cached_tokens,
        "completion_tokens": call.completion_tokens,
        "estimated": call.estimated,
    }


def _frame(type: str, draft_id: UUID, **fields: Any) -> str:
    return json.dumps({"type": type, "draft": str(draft_id), **fields}, ensure_ascii=False)
