"""New tickets classified without anybody asking, where an admin has chosen so: gathered, then an ordinary run.

What is still to do is read from the tickets themselves, so whatever stands in the way (AI switched off, a budget, no
worker) delays it and loses nothing: a ticket is taken once it is in a run, and in no second one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from assistant import ledger
from assistant.models import Preferences, PromptVersion, RelayModel, RelayPrice, TriageItem, TriageRun
from assistant.pricing import cost_of
from assistant.relay.tokens import estimate_tokens
from assistant.relay.types import Usage
from assistant.triage import runs
from assistant.triage.estimate import MARK, estimate, rates_by_model
from assistant.triage.prompt import build_messages
from assistant.triage.writing import writing
from tickets.models import Category, Ticket
from tickets.models.choices import Channel, Status

logger = logging.getLogger(__name__)

GATHERED_FOR = timedelta(seconds=30)
USUAL_TICKET = 160  # prompt tokens of a ticket of some sentences
_PAUSED = TriageRun.objects.filter(automatic=True, state=TriageRun.State.PAUSED)


def classify_new_tickets(now: datetime) -> TriageRun | None:
    """Periodic job: a run over the new tickets, once they fill a request or the first has waited for 30 s.

    None while there is nothing to do, while no request could leave, and while an automatic run is paused: what
    stopped that one would stop the next one too.
    """
    if not _due(now):
        return None
    try:
        with writing():
            # The row is locked, so that two workers do not take the same tickets.
            Preferences.objects.select_for_update().filter(pk=1).first()
            return _start(now) if _due(now) else None
    except runs.RunError as error:
        logger.info("new tickets are not classified yet: %s", error.message)
        return None


def _due(now: datetime) -> bool:
    chosen = Preferences.current()
    if not chosen.automatic_triage or _PAUSED.all().exists() or not _available():
        return False
    found = new_tickets(chosen).aggregate(count=Count("pk"), first=Min("created"))
    return found["count"] >= settings.TRIAGE_BATCH_SIZE or bool(
        found["first"] and found["first"] <= now - GATHERED_FOR
    )


def _available() -> bool:
    try:
        ledger.check_available()
    except ledger.AIUnavailable:
        return False
    return True


def new_tickets(chosen: Preferences) -> QuerySet[Ticket]:
    """Open tickets without a category, opened since it was switched on and not in a run yet. A person's run does not
    count that is a draft, or that was cancelled before it came to the ticket."""
    states = [TriageRun.State.DRAFT, TriageRun.State.CANCELLED]
    unasked = Q(state=TriageItem.State.PENDING, run__state__in=states, run__automatic=False)
    taken = TriageItem.objects.filter(ticket=OuterRef("pk")).exclude(unasked)
    fresh = Ticket.objects.filter(~Exists(taken), status=Status.OPEN, category=None, pk__gt=chosen.tickets_after or 0)
    if chosen.imports_after is None:
        return fresh.exclude(channel=Channel.IMPORT)
    return fresh.filter(~Q(channel=Channel.IMPORT) | Q(pk__gt=chosen.imports_after))


def _start(now: datetime) -> TriageRun:
    run = runs.create_run(new_tickets(Preferences.current()), user=None, chosen=_("new tickets, automatically"))
    run.automatic, run.estimated_cost = True, estimate(run).cost
    run.save(update_fields=["automatic", "estimated_cost"])
    runs.start(run, now=now)
    return run


def resume_switched_on(now: datetime) -> int:
    """Periodic job: go on with automatic runs that were paused since AI was off, once it is on; returns how many.
    Those that a budget paused go on as all runs do (upkeep.py)."""
    resumed = 0
    for run in _PAUSED.filter(paused_by=TriageRun.PausedBy.SWITCH):
        try:
            runs.resume(run, now=now)
        except runs.RunError:
            continue
        resumed += 1
    return resumed


def paused_run() -> TriageRun | None:
    """The automatic run that keeps the next one from being started, if any."""
    return _PAUSED.order_by("pk").first()


@dataclass(frozen=True)
class UsualCost:
    """What a new ticket costs in USD, with others in a full request and alone in its own; `month` counts the tickets
    opened in the last 30 days, imports aside. None where the price is not known."""

    model: str
    together: Decimal | None
    alone: Decimal | None
    month: int


def usual_cost(now: datetime) -> UsualCost:
    model = RelayModel.resolve(settings.TRIAGE_MODEL)
    rates, price = rates_by_model([model])[model], RelayPrice.current(model, timezone.now())
    instructions = PromptVersion.instructions_of(PromptVersion.active_number())
    empty = build_messages({}, tuple(Category.objects.filter(active=True)), instructions, MARK)
    fixed = sum(estimate_tokens(message["content"]) for message in empty)

    def cost(tickets: int) -> Decimal | None:
        prompt = round((fixed / tickets + USUAL_TICKET) * rates.prompt)
        return cost_of(Usage(prompt, round(rates.result), round(prompt * rates.cached)), price)

    lately = Ticket.objects.filter(created__gt=now - timedelta(days=30)).exclude(channel=Channel.IMPORT)
    return UsualCost(model, cost(settings.TRIAGE_BATCH_SIZE), cost(1), lately.count())
