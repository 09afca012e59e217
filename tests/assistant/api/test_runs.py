"""Triage runs from the choice of tickets to their undo, and what all calls have cost."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from assistant.models import RelayCall, TriageItem, TriageRun
from assistant.triage import chunks
from assistant.triage.undo import undo_some
from assistant.triage.work import Worker, process_chunk
from tests.tickets.api.conftest import program
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/triage-runs/"


@pytest.fixture
def tickets(erin):
    return [Ticket.objects.open(erin, f"I was charged twice for order {n}.") for n in range(5)]


@pytest.fixture
def do(admin):
    """do(run, "start") -> the run as the answer shows it."""

    def do(run: dict, step: str, body=None, status: int = 200):
        answer = admin.post(f"{RUNS}{run['id']}/{step}/", body)
        assert answer.status_code == status, answer.content
        return answer.json()

    return do


def work() -> None:
    while lease := chunks.claim(timezone.now()):
        process_chunk(lease, Worker())


def test_a_run_is_estimated_sampled_started_read_and_undone(admin, do, tickets, near_relay):
    run = admin.post(RUNS, {"filter": "open_without_category", "batch_size": 2, "max_cost": "1.5"}).json()
    assert (run["state"], run["tickets"], run["max_cost_usd"]) == ("draft", 5, "1.500000")
    assert run["estimate"]["requests"] == 3 and run["estimate"]["cost_usd"] == run["estimated_cost_usd"]
    estimate = admin.get(f"{RUNS}{run['id']}/estimate/").json()
    assert estimate["tickets"] == 5 and len(estimate["by_model"]) > 1
    do(run, "sample", {"size": 2})
    work()
    sample = admin.get(f"{RUNS}{run['id']}/sample/").json()
    assert [row["category"]["fate"] for row in sample["results"]] == ["changed"] * 2 and sample["rest"][
        "tickets"
    ] == 3
    assert not Ticket.objects.exclude(category=None).exists()
    assert do(run, "start", {"apply_sample": True})["state"] == "running"
    work()
    done = admin.get(f"{RUNS}{run['id']}/").json()
    assert (done["state"], done["classified"], done["pending"]) == ("done", 5, 0) and float(done["cost_usd"]) > 0
    assert Ticket.objects.filter(category_by="relay").count() == 5
    assert do(run, "undo", status=202)["state"] == "undone"
    while undo_some(timezone.now()):
        pass
    undone = admin.get(f"{RUNS}{run['id']}/").json()
    assert (undone["restored"], undone["undo_left"]) == (5, None) and not Ticket.objects.exclude(
        category=None
    ).exists()


def test_a_run_is_paused_resumed_retried_and_cancelled(admin, do, tickets, near_relay):
    run = admin.post(RUNS, {"ids": [ticket.pk for ticket in tickets[:2]]}).json()
    assert run["chosen"] == "2 tickets picked"
    do(run, "start")
    paused = do(run, "pause")
    assert (paused["state"], paused["paused_by"]) == ("paused", "person") and "Carol" in paused["pause_reason"]
    assert do(run, "resume", {"max_cost": "2"})["max_cost_usd"] == "2.000000"
    near_relay.script("unauthorized")
    work()
    failed = admin.get(f"{RUNS}{run['id']}/").json()
    assert (failed["state"], failed["paused_by"], failed["failed"]) == ("paused", "error", 2)
    assert do(run, "retry")["state"] == "running"
    assert do(run, "cancel")["state"] == "cancelled"
    late = do(run, "start", status=409)
    assert late["code"] == "conflict" and "cancelled" in late["detail"]


@pytest.mark.parametrize(
    "body", [{}, {"ids": [1], "all": True}, {"all": False}, {"ids": []}, {"status": "gone"}, {"all": 1},
             {"all": True, "max_cost": "0"}, {"all": True, "max_cost": "NaN"}, {"all": True, "batch_size": 101}]
)  # fmt: skip
def test_a_choice_that_is_none_is_refused(admin, tickets, body):
    answer = admin.post(RUNS, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert not TriageRun.objects.exists()


def test_a_run_over_nothing_and_one_without_ai_are_refused(admin, do, tickets, settings):
    assert admin.post(RUNS, {"ids": [10**9]}).json()["code"] == "conflict"
    run = admin.post(RUNS, {"status": "open"}).json()
    settings.AI_ENABLED = False
    assert do(run, "start", status=503)["code"] == "ai_disabled"


def test_the_tickets_of_a_run_are_walked_page_by_page(admin, do, tickets):
    run = admin.post(RUNS, {"all": True}).json()
    TriageItem.objects.filter(ticket=tickets[0]).update(state="failed", error_code="timeout", reason="Too slow.")
    address, seen = f"{RUNS}{run['id']}/items/?limit=2", []
    while address:
        page = admin.get(address).json()
        seen += [item["ticket"] for item in page["results"]]
        address = page["next"]
    assert seen == [ticket.pk for ticket in tickets]
    (failed,) = admin.get(f"{RUNS}{run['id']}/items/?state=failed").json()["results"]
    assert (failed["ticket"], failed["error_code"], failed["category"]) == (tickets[0].pk, "timeout", None)


def test_runs_are_listed_newest_first_and_by_state(admin, do, tickets, django_assert_max_num_queries):
    first, second = (admin.post(RUNS, {"all": True}).json() for _ in range(2))
    do(first, "cancel")
    with django_assert_max_num_queries(8):
        assert [run["id"] for run in admin.get(RUNS).json()["results"]] == [second["id"], first["id"]]
    assert [run["id"] for run in admin.get(RUNS + "?state=cancelled").json()["results"]] == [first["id"]]


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_one_key_make_one_run(carol, tickets):
    clients, answers, gate = [program(carol) for _ in range(50)], [], threading.Barrier(50)

    def send(client) -> None:
        gate.wait()
        answers.append(client.post(RUNS, {"all": True}, HTTP_IDEMPOTENCY_KEY="run-1"))
        connections.close_all()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = TriageRun.objects.get()
    assert run.items.count() == 5 and len(answers) == 50
    assert {answer.json()["id"] for answer in answers if answer.status_code == 201} == {run.pk}
    assert {answer.status_code for answer in answers} <= {201, 409}


def test_usage_is_told_by_day_model_and_purpose(admin, agent, ticket, near_relay):
    agent.post("/api/v1/assist/", {"prompt": "Hello?"})
    agent.post(f"/api/v1/tickets/{ticket.pk}/classify/")
    today = timezone.now().date()
    usage = admin.get(f"/api/v1/usage/?first={today - timedelta(days=1)}&last={today}").json()
    assert usage["total"]["calls"] == 2 and [day["calls"] for day in usage["days"]] == [0, 2]
    assert {row["purpose"]: row["calls"] for row in usage["purposes"]} == {"assist": 1, "triage": 1}
    assert [(row["model"], row["calls"]) for row in usage["models"]] == [("deepseek-v3.2", 2)]
    assert Decimal(usage["total"]["cost_usd"]) == sum(call.cost for call in RelayCall.objects.all())
    for wrong in ("first=2026-02-30", "first=2026-02-02&last=2026-02-01", "first=20260101"):
        assert admin.get(f"/api/v1/usage/?{wrong}").json()["code"] == "bad_request"


def test_models_are_told_with_what_they_cost_and_are_best_for(agent):
    models = {model["name"]: model for model in agent.get("/api/v1/models/").json()}
    assert models["deepseek-v3.2"]["default_for"] == ["triage"] and models["gpt-4.1"]["default_for"] == ["drafts"]
    assert models["gpt-4.1"]["best_for"] and float(models["gpt-4.1"]["price"]["output_usd"]) > 0
