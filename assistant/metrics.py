"""What Prometheus scrapes at /metrics.

Calls, tokens, cost and times to the first token are counted from the ledger, the queue from its rows: every web
process says the same of the whole installation, so take one of them, not their sum. Open sockets and running drafts
are the answering process's own.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, IntegerField, Min, Q, QuerySet, Sum, When
from django.utils import timezone
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from assistant.drafts.streams import hub
from assistant.models import RateBucket, RelayCall, Spending, Tally, TriageChunk, TriageRun
from tickets.supervision import supervisor

TTFT_BUCKETS_MS = (50, 100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
FINAL_AFTER = timedelta(hours=1)  # by then a call has been settled, or is still reserved and holds the line below it

Key = tuple[str, str, str]  # kind, model, outcome


@dataclass(frozen=True)
class Sums:
    """Of the ledger's rows of one kind, model and outcome: tokens, USD, and answers by time to the first token."""

    calls: int = 0
    prompt: int = 0
    cached: int = 0
    completion: int = 0
    cost: Decimal = Decimal(0)
    streamed: int = 0
    ttft_ms: int = 0
    within: tuple[int, ...] = (0,) * len(TTFT_BUCKETS_MS)

    def __add__(self, other: Sums) -> Sums:
        sums: list[Any] = [a + b for a, b in zip(astuple(self)[:-1], astuple(other)[:-1], strict=True)]
        sums.append(tuple(a + b for a, b in zip(self.within, other.within, strict=True)))
        return Sums(*sums)


class LedgerTotals:
    """Sums over the whole ledger. Rows that will not change any more are added up once, the rest at every look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._final_until: datetime | None = None
        self._final: Mapping[Key, Sums] = {}

    def read(self, now: datetime) -> Mapping[Key, Sums]:
        with self._lock:
            until = self._line(now)
            rows = RelayCall.objects.filter(created__lt=until)
            if self._final_until is not None:
                rows = rows.filter(created__gte=self._final_until)
            self._final = _added(self._final, _sums(rows))
            self._final_until = until
            return _added(self._final, _sums(RelayCall.objects.filter(created__gte=until)))

    def _line(self, now: datetime) -> datetime:
        """Before it nothing changes; it never moves back."""
        line = now - FINAL_AFTER
        reserved = RelayCall.objects.filter(state=RelayCall.State.RESERVED).aggregate(at=Min("created"))["at"]
        if reserved is not None:
            line = min(line, reserved)
        return max(line, self._final_until) if self._final_until else line


def _sums(rows: QuerySet[RelayCall]) -> dict[Key, Sums]:
    within = {
        f"within_{ms}": Sum(Case(When(ttft_ms__lte=ms, then=1), default=0, output_field=IntegerField()))
        for ms in TTFT_BUCKETS_MS
    }
    grouped = (
        rows.order_by()
        .values_list("kind", "model", "outcome")
        .annotate(
            Count("id"), Sum("prompt_tokens"), Sum("cached_tokens"), Sum("completion_tokens"), Sum("cost"),
            Count("ttft_ms"), Sum("ttft_ms"), **within,
        )
    )  # fmt: skip
    found: defaultdict[Key, Sums] = defaultdict(Sums)
    for kind, model, outcome, *sums in grouped:
        counted: list[Any] = [*(value or 0 for value in sums[:7]), tuple(sums[7:])]
        found[kind, model, outcome or "reserved"] += Sums(*counted)
    return found


def _added(some: Mapping[Key, Sums], more: Mapping[Key, Sums]) -> dict[Key, Sums]:
    return {key: some.get(key, Sums()) + more.get(key, Sums()) for key in {*some, *more}}


class Installation(Collector):
    """Everything below, read when it is asked for."""

    def __init__(self) -> None:
        self._ledger = LedgerTotals()

    def describe(self) -> Iterable[Metric]:
        return []  # said at registration it would cost queries before the database is there

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _of_calls(self._ledger.read(now))
        yield from _of_the_queue(now)
        yield from _of_limits(now)
        yield _gauge("collie_sockets", "Open websockets of this process.", supervisor.count())
        yield _gauge("collie_drafts_running", "Drafts that this process is writing.", hub.count())


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _of_calls(totals: Mapping[Key, Sums]) -> Iterator[Metric]:
    calls = CounterMetricFamily("collie_relay_calls", "Calls in the ledger.", labels=["kind", "model", "outcome"])
    tokens = CounterMetricFamily("collie_relay_tokens", "Tokens.", labels=["kind", "model", "type"])
    cost = CounterMetricFamily("collie_relay_cost_usd", "What calls have cost, in USD.", labels=["kind", "model"])
    text = "Seconds from a streamed call to its first text."
    first = HistogramMetricFamily("collie_relay_first_token_seconds", text, labels=["kind", "model"])
    by_model: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    for (kind, model, outcome), sums in sorted(totals.items()):
        calls.add_metric([kind, model, outcome], sums.calls)
        by_model[kind, model] += sums
    for (kind, model), sums in by_model.items():
        for name in ("prompt", "cached", "completion"):
            tokens.add_metric([kind, model, name], getattr(sums, name))
        cost.add_metric([kind, model], float(sums.cost))
        if sums.streamed:
            buckets = [(str(ms / 1000), n) for ms, n in zip(TTFT_BUCKETS_MS, sums.within, strict=True)]
            first.add_metric([kind, model], [*buckets, ("+Inf", sums.streamed)], sums.ttft_ms / 1000)
    yield from (calls, tokens, cost, first)


def _of_the_queue(now: datetime) -> Iterator[Metric]:
    chunk = TriageChunk.State
    open_chunks = TriageChunk.objects.filter(
        run__state=TriageRun.State.RUNNING, state__in=[chunk.PENDING, chunk.LEASED]
    )
    found: dict[str, Any] = open_chunks.aggregate(
        pending=Count("id", filter=Q(state=chunk.PENDING)),
        leased=Count("id", filter=Q(state=chunk.LEASED)),
        due=Min("next_at", filter=Q(state=chunk.PENDING, next_at__lte=now)),
    )
    depth = GaugeMetricFamily("collie_triage_chunks", "Requests of running runs still to be done.", labels=["state"])
    for state in ("pending", "leased"):
        depth.add_metric([state], found[state])
    yield depth
    waited = (now - found["due"]).total_seconds() if found["due"] else 0.0
    yield _gauge("collie_triage_oldest_due_seconds", "How long the longest waiting request has been due.", waited)
    runs = GaugeMetricFamily("collie_triage_runs", "Triage runs.", labels=["state"])
    for state, n in TriageRun.objects.order_by().values_list("state").annotate(n=Count("id")):
        runs.add_metric([state], n)
    yield runs


def _of_limits(now: datetime) -> Iterator[Metric]:
    tallies = {row.name: row for row in Tally.objects.all()}
    waits = tallies.get(Tally.Name.RATE_LIMIT_WAIT, Tally())
    expired = tallies.get(Tally.Name.LEASE_EXPIRED, Tally())
    yield CounterMetricFamily("collie_lease_expiries", "Leases whose worker was lost.", value=expired.count)
    yield CounterMetricFamily("collie_rate_limit_waits", "Calls that waited for the rate limit.", value=waits.count)
    text = "Seconds that calls have waited for the rate limit."
    yield CounterMetricFamily("collie_rate_limit_wait_seconds", text, value=waits.seconds)
    paused = RateBucket.objects.filter(paused_until__gt=now.timestamp()).aggregate(
        seconds=Min(F("paused_until")),
    )["seconds"]
    left = max(paused - now.timestamp(), 0.0) if paused else 0.0
    yield _gauge("collie_rate_limit_pause_seconds", "How much longer a 429 holds calls back.", left)
    spent = Spending.objects.filter(period=Spending.month(now)).values_list("amount", flat=True).first()
    yield _gauge("collie_budget_spent_usd", "Settled, unknown and reserved cost of this month.", float(spent or 0))
    if settings.MONTHLY_BUDGET_USD is not None:
        yield _gauge("collie_budget_limit_usd", "MONTHLY_BUDGET_USD.", float(settings.MONTHLY_BUDGET_USD))


def registry() -> CollectorRegistry:
    made = CollectorRegistry(auto_describe=False)
    for collector in (Installation(), PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        made.register(collector)
    return made


REGISTRY = registry()
