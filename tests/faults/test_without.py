"""What is answered while a part is missing, without any other process."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from django.db import InterfaceError, OperationalError, connection

from tickets.failures import server_error

NOBODY = "redis://127.0.0.1:9/0"  # discard's port: nobody listens


@pytest.fixture
def no_redis(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": NOBODY}}
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [NOBODY]}}
    }


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_api_reads_and_writes_and_counts_nobody(no_redis, client, alice, ticket):
    client.force_login(alice)
    api = f"/api/v1/tickets/{ticket.pk}/"
    answer = client.get(api)
    assert answer.status_code == 200 and "RateLimit" not in answer.headers
    note = {"kind": "note", "body": "While Redis is gone"}
    assert client.post(f"{api}messages/", note, content_type="application/json").status_code == 201
    assert ticket.messages.filter(kind="note").count() == 1


def answer(rf, path: str, error: Exception):
    try:
        raise error
    except type(error):
        return server_error(rf.get(path))


@pytest.mark.parametrize(
    "error",
    [OperationalError("server closed the connection"), InterfaceError("closed"), OSError(errno.ENOSPC, "No space")],
    ids=["database", "connection", "disk"],
)
def test_what_may_be_sent_again_is_a_503_that_says_so(rf, error):
    page, problem = answer(rf, "/", error), answer(rf, "/api/v1/tickets/", error)
    assert (page.status_code, problem.status_code) == (503, 503)
    assert page["Retry-After"] == problem["Retry-After"] == "10"
    assert "may not have been saved" in page.content.decode()
    assert b'"code": "unavailable"' in problem.content


def test_a_defect_of_ours_stays_a_500(rf):
    assert answer(rf, "/", ValueError("a defect")).status_code == 500
    assert b'"code": "server_error"' in answer(rf, "/api/v1/tickets/", ValueError("a defect")).content


def test_a_page_of_failure_that_fails_too_is_answered_in_plain_text(rf, settings, caplog):
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}
    settings.STATIC_ROOT = "/nonexistent"  # files that nobody collected
    page = answer(rf, "/", ValueError("a defect"))
    assert page.status_code == 500 and page["Content-Type"] == "text/plain; charset=utf-8"
    assert page.content.startswith(b"Something went wrong")
    assert "have the static files been collected?" in caplog.text


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite alone calls wrong SQL an operational error")
def test_wrong_sql_is_a_defect_of_ours(rf):
    with pytest.raises(OperationalError) as wrong:
        connection.cursor().execute("SELECT nothing FROM nowhere")
    assert isinstance(wrong.value.__cause__, sqlite3.OperationalError)
    assert answer(rf, "/", wrong.value).status_code == 500


@pytest.mark.django_db
def test_more_than_the_database_can_ever_take_is_no_matter_of_waiting(rf):
    with pytest.raises(OperationalError) as limit, connection.cursor() as cursor:
        cursor.execute("SELECT " + "+".join("1" * 200_000))
    assert answer(rf, "/", limit.value).status_code == 500
