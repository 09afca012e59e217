"""Rows of the AI as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from assistant.assisting import Settled
from assistant.costs.usage import Sums
from assistant.drafts import frames
from assistant.models import Draft, RelayCall, RelayModel, RelayPrice, TriageRun
from assistant.triage import runs
from assistant.triage.estimate import Estimate
from assistant.triage.sample import Field, Row


def usd(amount: Decimal | None) -> str | None:
    """As drafts show it; null stays unknown."""
    return frames.money(amount)


def shape_runs(found: Sequence[TriageRun]) -> list[dict[str, Any]]:
    """One query more, for how far all of them are."""
    progress = runs.progress([run.pk for run in found])
    return [_run(run, progress[run.pk]) for run in found if run.pk in progress]


def _run(run: TriageRun, progress: runs.Progress) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": run.state,
        "chosen": run.chosen,
        "model": run.model,
        "prompt_version": run.prompt_version,
        "automatic": run.automatic,
        "trial": run.trial,
        "batch_size": run.batch_size,
        "concurrency": run.concurrency,
        "rpm": run.rpm,
        "max_cost_usd": usd(run.max_cost),
        "tickets": run.total,
        "classified": run.classified,
        "needs_human": run.needs_human,
        "failed": run.failed,
        "pending": max(run.total - run.done, 0),
        "sample_size": run.sample_size,
        "requests": run.requests,
        "retries": run.retries,
        "prompt_tokens": run.prompt_tokens,
        "cached_tokens": run.cached_tokens,
        "completion_tokens": run.completion_tokens,
        "cost_usd": usd(run.known_cost),
        "estimated_cost_usd": usd(run.estimated_cost),
        "seconds_left": progress.seconds_left,
        "waiting": progress.waiting,
        "paused_by": run.paused_by,
        "pause_reason": run.pause_reason,
        "restored": run.restored,
        "kept": run.kept,
        "undo_left": run.undo_left,
        "created_by": run.created_by_id,
        "created_at": run.created,
        "started_at": run.started,
        "finished_at": run.finished,
    }


def shape_estimate(model: str, found: Estimate) -> dict[str, Any]:
    return {
        "model": model,
        "tickets": found.tickets,
        "labelled_by_people": found.labelled_by_people,
        "requests": found.requests,
        "prompt_tokens": found.prompt_tokens,
        "completion_tokens": found.completion_tokens,
        "cost_usd": usd(found.cost),
        "seconds": found.seconds,
    }


def shape_sample(rows: Iterable[Row]) -> list[dict[str, Any]]:
    def field(found: Field | None) -> dict[str, str] | None:
        return None if found is None else {"today": found.today, "proposed": str(found.proposed), "fate": found.fate}

    return [
        {
            "ticket": row.item.ticket_id,
            "state": row.item.state,
            "reason": row.item.reason,
            "category": field(row.category),
            "priority": field(row.priority),
        }
        for row in rows
    ]


ITEM = ("pk", "ticket_id", "state", "classification__category__slug", "classification__priority",
        "classification__confidence", "trial_answer__category__slug", "trial_answer__priority",
        "trial_answer__confidence", "error_code", "reason", "order")  # fmt: skip


def shape_items(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON of rows of .values(*ITEM); the answers of a trial are kept apart from tickets' own."""

    def said(row: dict[str, Any], name: str) -> Any:
        own = row[f"classification__{name}"]
        return row[f"trial_answer__{name}"] if own is None else own

    return [
        {
            "id": row["pk"],
            "ticket": row["ticket_id"],
            "state": row["state"],
            "category": said(row, "category__slug"),
            "priority": said(row, "priority"),
            "confidence": said(row, "confidence"),
            "error_code": row["error_code"],
            "reason": row["reason"],
        }
        for row in rows
    ]


def shape_draft(draft: Draft) -> dict[str, Any]:
    """JSON of a draft with its call loaded."""
    call, error = draft.call, None
    if draft.error_code:
        retryable = draft.error_code in frames.RETRYABLE
        error = {"code": draft.error_code, "message": draft.error, "retryable": retryable}
    return {
        "id": str(draft.pk),
        "ticket": draft.ticket_id,
        "kind": draft.kind,
        "state": draft.state,
        "model": draft.model,
        "author": draft.author_id,
        "text": draft.text,
        "sources": draft.sources or [],
        "finish_reason": draft.finish_reason,
        "error": error,
        "usage": _usage_of(call) if call and call.state == RelayCall.State.SETTLED else None,
        "cost_usd": usd(call.cost) if call else None,
        "ttft_ms": call.ttft_ms if call else None,
        "created_at": draft.created,
        "stream_url": f"/api/v1/drafts/{draft.pk}/stream/",
    }


def _usage_of(call: RelayCall) -> dict[str, Any]:
    return {
        "prompt_tokens": call.prompt_tokens,
        "cached_tokens": call.cached_tokens,
        "completion_tokens": call.completion_tokens,
        "estimated": call.estimated,
    }


def shape_answer(settled: Settled) -> dict[str, Any]:
    """All but the text of an answer to a question by the API."""
    return {
        "model": settled.call.model,
        "finish_reason": settled.finish_reason,
        "usage": _usage_of(settled.call),
        "cost_usd": usd(settled.call.cost),
        "latency_ms": settled.call.latency_ms,
    }


def shape_model(model: RelayModel, price: RelayPrice | None, default_for: list[str]) -> dict[str, Any]:
    prices = None if price is None else {
        f"{name}_usd": f"{getattr(price, name):.6f}" for name in ("input", "cached_input", "output")
    }  # fmt: skip
    return {
        "name": model.name,
        "aliases": model.aliases,
        "best_for": model.best_for,
        "price": prices,
        "default_for": default_for,
    }


def shape_sums(sums: Sums) -> dict[str, Any]:
    named = asdict(sums)
    unpriced = named.pop("unpriced")
    amounts = {f"{name}_usd": usd(named.pop(name)) for name in ("cost", "reserved", "unknown")}
    return {**named, **amounts, "unpriced_calls": unpriced}
