"""Parts of the ticket page that are fetched when they are wanted: what can be chosen for a draft, and the summary."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assistant.drafts.asking import TONE_NAMES
from assistant.drafts.language import language_name
from assistant.drafts.prompt import customer_language
from assistant.models import RelayModel, RelayPrice
from tickets.access import ticket_or_404
from tickets.desk.http import AgentRequest, agent_required


@require_GET
@agent_required
def draft_options(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Tones, models with what they are good for and cost, and the language to translate to."""
    ticket = ticket_or_404(request.user, ticket_id)
    prices = RelayPrice.all_current(timezone.now())
    models = [(model, prices.get(model.name)) for model in RelayModel.objects.filter(enabled=True)]
    default = RelayModel.resolve(settings.DRAFT_MODEL)
    language = customer_language(ticket)
    context = {
        "tones": TONE_NAMES,
        "models": sorted(models, key=lambda offered: offered[0].name != default),
        "default": default,
        "language": language_name(language) if language else "",
    }
    return render(request, "assistant/draft_options.html", context)


@require_GET
@agent_required
def summary(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """The summary above the thread as it is now."""
    ticket = ticket_or_404(request.user, ticket_id)
    return render(request, "assistant/summary.html", {"ticket": ticket})
