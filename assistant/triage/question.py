"""A chunk with all that its request needs, loaded in a handful of queries whatever its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast

from assistant.drafts.masking import Masking
from assistant.models import Preferences, PromptVersion, TriageItem, TriageRun
from assistant.relay.tokens import estimate_tokens
from assistant.triage.chunks import Lease
from assistant.triage.injections import is_order
from assistant.triage.prompt import MAX_PROMPT_TOKENS, build_messages
from assistant.triage.texts import TicketText, texts_of
from tickets.models import Category, Ticket


@dataclass(frozen=True)
class Question:
    """`items` and their `texts` by their ids in the prompt, and the `tickets` as they were read, by their own.
    `attempts` counts the answered failures so far; `masking` knows the placeholders in the messages."""

    lease: Lease
    run: TriageRun
    stage: int
    attempts: int
    items: Mapping[str, TriageItem]
    texts: Mapping[str, TicketText]
    categories: tuple[Category, ...]
    messages: tuple[dict[str, str], ...]
    tickets: Mapping[int, Ticket] | None
    masking: Masking = field(default_factory=Masking)

    @property
    def too_long(self) -> bool:
        """Whether it should be halved before it is sent."""
        if len(self.items) == 1:
            return False
        return self.prompt_estimate > MAX_PROMPT_TOKENS

    @cached_property
    def prompt_estimate(self) -> int:
        """About how many tokens the request has."""
        return sum(estimate_tokens(message["content"]) for message in self.messages)

    @cached_property
    def orders(self) -> list[str]:
        """The ids of tickets that should be asked about alone, since they speak to the model; none where one is."""
        return [key for key, text in self.texts.items() if is_order(text)] if len(self.items) > 1 else []


_versions = PromptVersion.objects.annotate(as_text=Cast("number", CharField()))
_INSTRUCTIONS = Subquery(_versions.filter(as_text=OuterRef("run__prompt_version")).values("instructions")[:1])


def load(lease: Lease) -> Question | None:
    """What a leased chunk asks; None when the lease has been lost."""
    chunk = lease.row().select_related("run__created_by").annotate(instructions=_INSTRUCTIONS).first()
    if chunk is None:
        return None
    pending = list(chunk.items.filter(state=TriageItem.State.PENDING).order_by("pk"))
    ids = [item.ticket_id for item in pending]
    tickets = Ticket.objects.select_related("category", "team").in_bulk(ids)
    texts = texts_of(ids, {pk: ticket.subject for pk, ticket in tickets.items()})
    items = {f"t{n}": item for n, item in enumerate((i for i in pending if i.ticket_id in texts), 1)}
    categories = tuple(Category.objects.filter(active=True))
    read = {key: texts[item.ticket_id] for key, item in items.items()}
    masking = Masking()
    asked = _masked(read, masking) if Preferences.current().mask_triage else read
    messages = build_messages(asked, categories, chunk.instructions)
    return Question(
        lease, chunk.run, chunk.stage, chunk.attempts, items, read, categories, messages, tickets, masking
    )


def _masked(texts: Mapping[str, TicketText], masking: Masking) -> dict[str, TicketText]:
    masking.learn([part for text in texts.values() for part in (text.subject, text.text)])
    return {key: TicketText(masking.mask(text.subject), masking.mask(text.text)) for key, text in texts.items()}
