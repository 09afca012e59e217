"""Trying a prompt version on tickets that people have labelled: classified by the same engine, kept apart."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from assistant.models import PromptVersion, TriageItem, TriageRun, TrialAnswer
from assistant.triage import runs
from assistant.triage.parse import Parsed
from assistant.triage.question import Question
from tickets.models import Ticket
from tickets.models.choices import SetBy


def labelled_tickets() -> QuerySet[Ticket]:
    """Tickets whose category a person has set, and the model could choose."""
    return Ticket.objects.filter(category_by=SetBy.PERSON, category__active=True)


def create_trial(version: PromptVersion, *, tickets: int, model: str = "", user: User | None = None) -> TriageRun:
    """A draft of a run that tries `version` on the newest `tickets` labelled by people: the same ones for each
    version tried, as long as nobody labels more.

    Raises:
        RunError: people have labelled no ticket yet.
    """
    newest = labelled_tickets().order_by("-pk").values("pk")[:tickets]
    if not newest.exists():
        text = _("No ticket has a category set by a person yet: label some first, there is nothing to compare with.")
        raise runs.RunError(text)
    return runs.create_run(
        Ticket.objects.filter(pk__in=newest), user=user, model=model, prompt_version=str(version.number), trial=True,
        chosen=_("trial of prompt version %(number)s on tickets labelled by people") % {"number": version.number},
    )  # fmt: skip


def keep(question: Question, parsed: Parsed) -> int:
    """Store the answers without touching a ticket; returns how many items were still there to be classified."""
    categories = {category.slug: category for category in question.categories}
    results = {question.items[key].pk: result for key, result in parsed.results.items()}
    pending = TriageItem.objects.filter(pk__in=results, state=TriageItem.State.PENDING)
    held = list(pending.select_for_update().values_list("pk", flat=True))
    TrialAnswer.objects.bulk_create(
        TrialAnswer(item_id=pk, category=categories[it.category], priority=it.priority, confidence=it.confidence,
                    reason=it.reason)
        for pk, it in results.items() if pk in held
    )  # fmt: skip
    return TriageItem.objects.filter(pk__in=held).update(state=TriageItem.State.CLASSIFIED)
