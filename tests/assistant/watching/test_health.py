"""/healthz and /readyz."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.utils import timezone

from assistant import jobs
from assistant.models import PeriodicJob, RelayCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker():
    PeriodicJob.objects.create(name="undo-runs", due=timezone.now())


def ready(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_a_living_process_says_so_without_asking_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_all_is_well(client, worker):
    assert ready(client) == (200, {"status": "ok", "database": "ok", "channels": "ok", "degraded": {}})


def test_no_worker_is_told_and_no_reason_to_send_people_away(client):
    status, body = ready(client)
    assert (status, body["status"], list(body["degraded"])) == (200, "degraded", ["worker"])
    PeriodicJob.objects.create(name="undo-runs", due=timezone.now() - timedelta(seconds=31))
    assert "manage.py worker" in ready(client)[1]["degraded"]["worker"]


def test_a_job_that_an_earlier_version_had_is_nobody_s_fault(client, worker):
    PeriodicJob.objects.create(name="of-an-earlier-version", due=timezone.now() - timedelta(days=9))
    assert ready(client)[1]["status"] == "ok"


def test_a_failing_relay_is_told_without_its_words(client, worker):
    RelayCall.objects.create(
        kind="draft", model="m", base_url=configured.RELAY_BASE_URL, state="settled", outcome="invalid_key",
        error="You sent sk-secret",
    )  # fmt: skip
    status, body = ready(client)
    assert status == 200 and body["degraded"] == {"relay": "The last call to the relay failed: invalid_key."}


def test_ai_that_is_switched_off_is_no_trouble(client, worker, settings):
    settings.AI_ENABLED = False
    assert ready(client)[1]["status"] == "ok"


def test_a_public_site_on_sqlite_is_told(client, worker, settings):
    settings.SITE_URL = "https://help.example.com"
    expected = {"sqlite"} if "sqlite" in configured.DATABASES["default"]["ENGINE"] else set()
    assert set(ready(client)[1]["degraded"]) == expected


def test_a_channel_layer_that_does_not_answer_is_503(client, worker, settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://127.0.0.1:9/0"]},
        }
    }  # fmt: skip
    status, body = ready(client)
    assert (status, body["status"], body["channels"], body["database"]) == (503, "unavailable", "unreachable", "ok")


def test_any_worker_that_looks_at_the_jobs_is_a_sign_of_life():
    now = timezone.now()
    assert not jobs.worker_lives(now)
    jobs.run_due(now)
    assert jobs.worker_lives(now) and not jobs.worker_lives(now + timedelta(hours=2))
