"""What the AI was told and what it wrote is kept for a while only; that a call was made, and its cost, for good."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet

from assistant.drafts.lifecycle import UNSENT
from assistant.models import Draft, RelayCall, TriageItem, TrialAnswer

ROWS = 1000  # of one UPDATE, which is one transaction
BATCHES = 100  # of one table in one go of the job; the rest waits for the next

_EMPTY: dict[str, Any] = {"text": "", "instruction": "", "original": "", "sources": None, "error": ""}


def purge_old_texts(now: datetime) -> int:
    """Periodic job: empty the texts of AI work that is RETAIN_DRAFTS_DAYS old. Returns how many rows.

    Drafts that were not sent lose all their text and count as discarded; of those sent, what they were made from
    goes. Trial answers lose their reasons, and ledger and triage rows the relay's words.
    """
    before = now - timedelta(days=settings.RETAIN_DRAFTS_DAYS)
    old = Draft.objects.filter(created__lt=before).exclude(state=Draft.State.STREAMING)
    made_from = Q(instruction="", original="", sources__isnull=True)
    sent, unsent = old.filter(state=Draft.State.SENT), old.exclude(state=Draft.State.SENT)
    runs = {"run__created__lt": before}
    return sum(
        (
            _each(unsent.exclude(made_from & Q(text="", error="")), **_EMPTY),
            _each(sent.exclude(made_from), instruction="", original="", sources=None),
            _each(TrialAnswer.objects.filter(item__run__created__lt=before).exclude(reason=""), reason=""),
            _each(TriageItem.objects.filter(**runs).exclude(error_code="").exclude(reason=""), reason=""),
            _each(RelayCall.objects.filter(created__lt=before).exclude(error=""), error=""),
        )
    ) + unsent.filter(state__in=UNSENT).update(state=Draft.State.DISCARDED)


def forget_tickets(sender: object, ticket_ids: Collection[int], **_: Any) -> None:
    """Receiver of tickets_erased: what other rows say of these tickets. Ledger rows stay, without the relay's words;
    drafts for other tickets no longer name them as a source."""
    RelayCall.objects.filter(draft__ticket__in=ticket_ids).exclude(error="").update(error="")
    gone = set(ticket_ids)
    leaning = Draft.objects.exclude(ticket__in=ticket_ids).filter(sources__isnull=False).only("pk", "sources")
    for draft in leaning.iterator(ROWS):
        kept = [source for source in draft.sources or [] if not (source["kind"] == "ticket" and source["id"] in gone)]
        if kept != draft.sources:
            Draft.objects.filter(pk=draft.pk).update(sources=kept)


def _each(rows: QuerySet[Any, Any], **values: Any) -> int:
    """Update the rows in short transactions; what was updated no longer fits `rows`."""
    model: type[Model] = rows.model
    done = 0
    for _batch in range(BATCHES):
        some = rows.order_by().values("pk")[:ROWS]
        updated = model._default_manager.filter(pk__in=list(some.values_list("pk", flat=True))).update(**values)
        done += updated
        if updated < ROWS:
            break
    return done
