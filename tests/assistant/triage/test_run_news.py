"""Other programs hear of the end of a run, once, and of the labels it put on, for a few queries more."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assistant.models import TriageRun
from assistant.triage import chunks, runs
from tickets.models import Ticket, Webhook, WebhookDelivery, WebhookEvent
from tickets.webhooks import wishes

pytestmark = pytest.mark.django_db


@pytest.fixture
def webhook(db) -> Webhook:
    return Webhook.objects.make(None, name="Figures", url="http://127.0.0.1:9/", events=["run.finished"])


def told() -> list[dict]:
    return [json.loads(body)["data"] for body in WebhookDelivery.objects.values_list("body", flat=True)]


def test_a_run_that_is_done_is_told_once_with_its_figures(webhook, relay, make_tickets, bench):
    make_tickets(5)
    run = bench.start(batch_size=2)
    assert told() == []
    bench.drain(run)
    run.refresh_from_db()
    (data,) = told()
    assert (data["id"], data["state"], data["total"], data["requests"]) == (run.pk, "done", 5, run.requests)
    assert data["classified"] + data["needs_human"] == 5 and data["cost_usd"] == f"{run.cost:f}"
    assert data["finished_at"] and data["started_at"]


def test_a_run_without_work_and_a_cancelled_one_are_told_too(webhook, make_tickets, bench):
    tickets = make_tickets(1)
    run = bench.start()
    runs.cancel(run)
    assert [(data["id"], data["state"]) for data in told()] == [(run.pk, "cancelled")]
    other = bench.start()
    tickets[0].delete()
    other.chunks.update(state="done")
    chunks.close_finished(bench.clock())
    chunks.close_finished(bench.clock())
    assert {(data["id"], data["state"]) for data in told()} == {(run.pk, "cancelled"), (other.pk, "done")}
    assert WebhookDelivery.objects.count() == 2


def test_a_trial_of_a_prompt_ends_in_silence(webhook, relay, make_tickets, bench):
    make_tickets(2)
    run = bench.start()
    TriageRun.objects.filter(pk=run.pk).update(trial=True)
    bench.drain(run)
    assert TriageRun.objects.get().state == TriageRun.State.DONE and told() == []


def test_a_run_over_500_tickets_costs_a_few_queries_more_for_each_chunk(relay, make_tickets, bench, monkeypatch):
    monkeypatch.setattr(wishes, "KNOWN_FOR", 3600)
    counts = []
    for _time in range(2):
        run = bench.start(Ticket.objects.filter(pk__in=[t.pk for t in make_tickets(500)]), batch_size=100)
        with CaptureQueriesContext(connection) as caught:
            bench.drain(run)
        counts.append(len(caught))
        Webhook.objects.make(None, name="All", url="http://127.0.0.1:9/", events=WebhookEvent.values)
        wishes.who_wants("run.finished")
    asked = 5
    # a read and an insert each for labels and changes, and whether the run has ended
    assert counts[1] - counts[0] <= asked * 6 + 4
    assert WebhookDelivery.objects.filter(event="classification.applied").count() > 300
