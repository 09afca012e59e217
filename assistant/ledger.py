"""The ledger around a call: reserve its worst case before, settle what it did cost after."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant import pricing
from assistant.models import RelayCall, RelayPrice, Spending, TriageRun
from assistant.relay.errors import RelayError
from assistant.relay.tokens import estimate_tokens
from assistant.relay.types import Completion, End, Usage

UNSETTLED_AFTER = timedelta(minutes=10)


class AIUnavailable(Exception):
    """Refused before any call left. `code` is ai_disabled, invalid_key or budget_reached; `message` is for people.

    `needed` is the worst case of the call in USD that a monthly or personal budget had no room for, None otherwise.
    """

    def __init__(self, code: str, message: str, needed: Decimal | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.needed = needed


def check_available() -> None:
    """Raise AIUnavailable when the kill switch is on or there is no key."""
    if not settings.AI_ENABLED:
        raise AIUnavailable("ai_disabled", _("AI is switched off (AI_ENABLED=0)."))
    if not settings.RELAY_API_KEY:
        raise AIUnavailable("invalid_key", _("No relay key is set: put it into RELAY_API_KEY and start again."))


@transaction.atomic
def reserve(
    *,
    kind: str,
    model: str,
    prompt_bytes: int,
    max_tokens: int,
    user: User | None = None,
    run: TriageRun | None = None,
    now: datetime | None = None,
) -> RelayCall:
    """Write the row of a call that is about to be made, if the budgets have room for its worst case.

    Raises:
        AIUnavailable: switched off, no key, a budget reached, or no known price where a budget holds.
    """
    check_available()
    now = now or timezone.now()
    price = RelayPrice.current(model, now)
    worst = pricing.worst_case(prompt_bytes, max_tokens, price)
    limits = _limits(now, user)
    if worst is None and any(limit is not None for limit in limits.values()):
        text = _(
            "The price of %(model)s is not known, so no budget can be kept: add a price or choose another model."
        )
        raise AIUnavailable("budget_reached", text % {"model": model})
    for period, limit in limits.items():
        if not Spending.reserve(period, worst or Decimal(0), limit):
            raise AIUnavailable("budget_reached", _budget_sentence(period, limit), worst)
    return RelayCall.objects.create(
        kind=kind, model=model, base_url=settings.RELAY_BASE_URL, user=user, run=run, price=price,
        reserved_cost=worst, created=now,
    )  # fmt: skip


def has_room(cost: Decimal, user: User | None, now: datetime) -> bool:
    """Whether every budget that a call of `user` counts in could take `cost` USD more at `now`."""
    limits = _limits(now, user)
    used = dict(Spending.objects.filter(period__in=limits).values_list("period", "amount"))
    return all(limit is None or used.get(period, Decimal(0)) + cost <= limit for period, limit in limits.items())


def settle(
    call: RelayCall, result: Completion | End, *, attempts: int, prompt: str = "", text: str = ""
) -> Decimal | None:
    """Write what an answered call used and cost; returns the cost in USD, None when its price is unknown.

    `prompt` and `text` are what was sent and received: tokens are estimated from them where the relay counted none.
    """
    usage = result.usage or Usage(estimate_tokens(prompt), estimate_tokens(text), estimated=True)
    return _close(
        call, usage, state=RelayCall.State.SETTLED, attempts=attempts, outcome="ok", latency_ms=result.latency_ms,
        ttft_ms=result.ttft_ms, request_id=result.request_id[:200], simulated=result.simulated,
    )  # fmt: skip


def settle_failure(call: RelayCall, error: RelayError, *, attempts: int, prompt: str = "", text: str = "") -> None:
    """Write how a call failed.

    Refused or never connected: it cost nothing. Text had arrived: estimated, since the count comes last. Timed out,
    cut or unreadable before any text: nobody knows, so the row is unknown and keeps counting at its worst case.
    """
    state, usage = RelayCall.State.SETTLED, Usage(0, 0)
    if text or error.text_shown:
        usage = Usage(estimate_tokens(prompt), estimate_tokens(text), estimated=True)
    elif may_have_cost(error, attempts):
        state = RelayCall.State.UNKNOWN
    _close(
        call, usage, state=state, attempts=attempts, outcome=error.code, error=error.message[:2000],
        request_id=error.request_id[:200],
    )  # fmt: skip


def may_have_cost(error: RelayError, attempts: int) -> bool:
    """Whether a call that failed before any text may be charged all the same: it left, and nobody refused it.

    Providers charge for what their model wrote, also where the answer got lost or cannot be read.
    """
    refused = error.stops_run or (error.status is not None and error.status >= 300)
    return attempts > 0 and error.request_sent and not refused


def mark_outcome_unknown(now: datetime) -> int:
    """Calls reserved so long ago that their process must have died: shown as unknown, never hidden."""
    stale = RelayCall.objects.filter(state=RelayCall.State.RESERVED, created__lt=now - UNSETTLED_AFTER)
    return stale.update(state=RelayCall.State.UNKNOWN, outcome="unknown", settled=now)


@transaction.atomic(savepoint=False)
def _close(call: RelayCall, usage: Usage, *, state: str, **fields: object) -> Decimal | None:
    """Settle once: a second settlement of the same row changes nothing."""
    unknown = state == RelayCall.State.UNKNOWN
    cost = None if unknown else pricing.cost_of(usage, call.price)
    changed = _write_end(
        call.pk,
        state=state,
        cost=cost,
        settled=connection.ops.adapt_datetimefield_value(timezone.now()),
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        estimated=usage.estimated,
        **fields,
    )
    if changed and cost is not None and call.reserved_cost is not None:
        Spending.correct(_limits(call.created, call.user), cost - call.reserved_cost)
    return cost


def _write_end(pk: int, **fields: Any) -> bool:
    """Fill in how a call ended; False when that had been done.

    In SQL, since every call ends here and the ORM takes ten times as long to put a dozen columns together.
    """
    columns = ", ".join(f"{name} = %s" for name in fields)
    sql = f"UPDATE assistant_relaycall SET {columns} WHERE id = %s AND state <> %s"  # noqa: S608  (our own names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*fields.values(), pk, RelayCall.State.SETTLED])
        return cursor.rowcount == 1


def _limits(at: datetime, user: User | None) -> dict[str, Decimal | None]:
    """Each period a call counts in -> its budget in USD, None without one."""
    limits = {Spending.month(at): settings.MONTHLY_BUDGET_USD}
    if user is not None:
        limits[Spending.day(at, user.pk)] = settings.USER_DAILY_BUDGET_USD
    return limits


def _budget_sentence(period: str, limit: Decimal | None) -> str:
    if "/user/" in period:
        return _("Your daily AI budget of %(limit)s USD is used up; it starts anew at midnight UTC.") % {
            "limit": limit
        }
    text = _("The monthly AI budget of %(limit)s USD is used up; raise MONTHLY_BUDGET_USD or wait for next month.")
    return text % {"limit": limit}
