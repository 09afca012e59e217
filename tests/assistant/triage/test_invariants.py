"""What holds of triage runs at every moment, whatever happens in whatever order.

1. Nothing is lost. Every ticket of a run is in exactly one state; the run's counters are the numbers of tickets in
   those states; a ticket that waits in a run which goes on is in exactly one open chunk of that run (while a sample
   is taken: or it is no part of the sample). A running run has an open chunk; one that is done, or undone, has none.
2. Nothing is applied twice. A ticket has at most one classification of a run that was applied.
3. People win. What a person has set, field by field, is there and is the person's until a person sets it anew.
4. One works on a chunk at a time. An answer counts under the newest fence of its chunk only; a run has no more leases
   alive than its `concurrency`.
5. Every call is paid for once: the run's requests are the calls that ended, its cost is the sum of its ledger rows,
   and a second settlement of a row changes nothing.
6. History is not rewritten. A stored classification never changes and never goes away.
7. Undo leaves nothing behind. Where all runs that touched a ticket are undone, each field that no person has ever set
   is what it was before the first of them.
8. A verb that the state does not allow changes nothing and says so.

All of the above is looked at after each step of a `Story`.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from assistant.models import RelayCall, TriageChunk, TriageItem, TriageRun
from tests.assistant.triage.story import FIELDS, Story
from tickets.models import Classification, Ticket

pytestmark = pytest.mark.django_db


class Runs(Story):
    @invariant()
    def nothing_is_lost(self):
        open_chunks = dict(TriageChunk.objects.exclude(state="done").values_list("pk", "run"))
        items = defaultdict(list)
        for item in TriageItem.objects.values("run", "state", "chunk"):
            items[item["run"]].append(item)
        for run in TriageRun.objects.all():
            states = Counter(item["state"] for item in items[run.pk])
            assert sum(states.values()) == run.total
            if run.state == "undone":
                assert set(states) == {"undone"}
            else:
                counted = {"classified": run.classified, "needs_human": run.needs_human, "failed": run.failed}
                assert {state: states[state] for state in counted} == counted
            waiting = [item for item in items[run.pk] if item["state"] == "pending"]
            homeless = sum(open_chunks.get(item["chunk"]) != run.pk for item in waiting)
            if run.state in {"running", "paused"}:
                assert homeless == (run.total - run.sample_size if run.sample_size is not None else 0)
            has_open = run.pk in open_chunks.values()
            assert has_open or run.state != "running"
            assert not has_open or run.state in {"running", "paused"}

    @invariant()
    def nothing_is_applied_twice(self):
        applied = Classification.objects.filter(source="relay").exclude(replaced={})
        for (ticket, model), count in Counter(applied.values_list("ticket", "model")).items():
            assert count == 1, (ticket, model)

    @invariant()
    def people_win_and_undo_leaves_nothing(self):
        undone = set(TriageRun.objects.filter(state="undone").values_list("model", flat=True))
        touched = defaultdict(set)
        for ticket, model in Classification.objects.filter(source="relay").values_list("ticket", "model"):
            touched[ticket].add(model)
        asked = TriageItem.objects.filter(state="needs_human").values_list("ticket", "run__model")
        for ticket, model in asked:
            touched[ticket].add(model)
        for row in Ticket.objects.values("pk", *FIELDS):
            own = {field for ticket, field in self.by_person if ticket == row["pk"]}
            for field in own:
                assert row[field] == self.by_person[row["pk"], field]
                assert row[f"{field.removesuffix('_id')}_by"] == "person"
            if touched[row["pk"]] <= undone and not own:
                assert row == self.before[row["pk"]]
            elif touched[row["pk"]] <= undone:
                for field in {"category_id", "priority"} - own:
                    assert row[field] == self.before[row["pk"]][field]

    @invariant()
    def a_run_keeps_to_its_concurrency(self):
        alive = TriageChunk.objects.filter(state="leased", lease_until__gte=self.now)
        for run, count in Counter(alive.values_list("run", flat=True)).items():
            assert count <= TriageRun.objects.get(pk=run).concurrency

    @invariant()
    def calls_are_paid_for_once(self):
        for run in TriageRun.objects.all():
            calls = RelayCall.objects.filter(run=run)
            assert run.requests == self.ended[run.pk]
            assert run.cost == sum((call.cost or 0) for call in calls.filter(outcome="ok"))

    @invariant()
    def history_is_not_rewritten(self):
        rows = {row["id"]: row for row in Classification.objects.values()}
        assert {pk: rows.get(pk) for pk in self.history} == self.history
        self.history = rows


def check(examples: int, steps: int, **options) -> None:
    run_state_machine_as_test(
        Runs,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), **options,
        ),
    )  # fmt: skip


def test_all_of_it_holds_in_forty_stories():
    check(40, 25, derandomize=True)


@pytest.mark.soak
def test_all_of_it_holds_in_a_thousand_stories():
    check(1000, 30)
