"""The same chunks carried by Celery, here without a broker: a task runs where it is sent."""

import pytest
from celery import current_app

from assistant import tasks
from assistant.models import PeriodicJob
from config.celery import app
from tickets.models import Classification

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _eager():
    app.set_current()
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before


def test_the_tasks_are_found_by_the_application():
    app.loader.import_default_modules()
    assert current_app.tasks.keys() >= {
        "assistant.process_chunk", "assistant.run_periodic_jobs", "assistant.dispatch_chunks",
    }  # fmt: skip
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(current_app.tasks)


def test_celery_takes_a_run_to_its_end(bench, make_tickets, relay):
    make_tickets(12)
    run = bench.start(batch_size=4, concurrency=2)
    tasks.dispatch_chunks.delay()
    run.refresh_from_db()
    assert (run.state, run.classified, run.requests) == ("done", 12, 3)


def test_a_message_that_comes_twice_changes_nothing(bench, make_tickets, relay):
    make_tickets(2)
    run = bench.start()
    chunk_id = run.chunks.get().pk
    for _ in range(2):
        tasks.process_chunk_task.delay(chunk_id)
    assert relay.requests == 1
    assert Classification.objects.count() == 2


def test_beat_runs_the_same_list_of_jobs(settings):
    settings.PERIODIC_JOBS = {"requeue": ("assistant.triage.chunks.requeue_expired", 10)}
    tasks.run_periodic_jobs.delay()
    assert PeriodicJob.objects.get().name == "requeue"
