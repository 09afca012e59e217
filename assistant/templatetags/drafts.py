"""What the ticket page asks of drafts while it is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.utils.safestring import SafeString, mark_safe

from assistant.drafts.lifecycle import current_summary
from assistant.models import Draft, DraftPreset
from tickets.models import Ticket
from tickets.text import markdown_to_html

register = template.Library()

LONG_THREAD = 5  # messages from which on a summary is offered


@dataclass(frozen=True)
class Summary:
    """`offered` where the thread is long enough to want one; `draft` is the one that still holds."""

    offered: bool
    draft: Draft | None

    @property
    def html(self) -> SafeString:
        return mark_safe(markdown_to_html(self.draft.text if self.draft else ""))  # noqa: S308  sanitised


@register.simple_tag
def draft_presets() -> list[DraftPreset]:
    return list(DraftPreset.objects.filter(active=True))


@register.simple_tag
def summary_of(ticket: Ticket) -> Summary:
    """One query for a short thread, two for a long one."""
    long = len(ticket.messages.values_list("pk")[:LONG_THREAD]) == LONG_THREAD
    return Summary(long, current_summary(ticket) if long else None)
