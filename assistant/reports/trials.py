"""What trials of prompt versions came to, on the tickets that people have labelled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, CharField, Value, When
from django.db.models.functions import Cast

from assistant.models import PromptVersion, TriageRun, TrialAnswer
from assistant.pricing import PLACES
from assistant.reports.compared import compared
from assistant.reports.matrix import Matrix


@dataclass(frozen=True)
class TrialResult:
    """A trial against people's labels as they are now. Money is USD, None where a price is unknown."""

    run: TriageRun
    categories: Matrix
    priorities: Matrix

    @property
    def unanswered(self) -> int:
        return self.run.total - self.run.classified

    @property
    def cost(self) -> Decimal | None:
        return self.run.known_cost

    @property
    def cost_per_1000(self) -> Decimal | None:
        cost, answers = self.run.known_cost, self.run.classified
        return None if cost is None or not answers else (cost * 1000 / answers).quantize(PLACES)


def result_of(run: TriageRun, beside: TriageRun | None = None) -> TrialResult:
    """The figures of a trial; with `beside` only over the tickets that both have answered."""
    answers = TrialAnswer.objects.filter(item__run=run)
    if beside is not None:
        answers = answers.filter(item__ticket__in=TrialAnswer.objects.filter(item__run=beside).values("item__ticket"))
    return TrialResult(run, *compared(answers, "item__ticket"))


def trial_of_active(other_than: TriageRun) -> TriageRun | None:
    """The newest finished trial of the active version, one with the same model before others; None without one."""
    active = PromptVersion.objects.filter(active=True).values(text=Cast("number", CharField()))
    trials = TriageRun.objects.filter(trial=True, state=TriageRun.State.DONE, prompt_version__in=active)
    same_first = Case(When(model=other_than.model, then=Value(0)), default=Value(1))
    return trials.exclude(pk=other_than.pk).order_by(same_first, "-pk").first()
