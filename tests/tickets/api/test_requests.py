"""What every request has: limits, ids, problems, keys; and what is done about bad ones."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from tests.tickets.api.conftest import program
from tests.tickets.api.test_tickets import NEW
from tickets.api import idempotency, throttles
from tickets.models import ApiToken, IdempotentRequest, Message, Ticket

pytestmark = pytest.mark.django_db
TICKETS = "/api/v1/tickets/"


class TestKeys:
    def test_the_same_request_has_one_effect_and_one_answer(self, api):
        first = api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        again = api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        assert (first["ETag"], first["Location"]) == (again["ETag"], again["Location"])
        assert again["Idempotency-Replayed"] == "true" and Ticket.objects.count() == 1

    def test_another_body_or_address_is_refused(self, api, ticket):
        api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        other = api.post(TICKETS, {**NEW, "body": "Another"}, HTTP_IDEMPOTENCY_KEY="k1")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        elsewhere = api.post("/api/v1/tickets/bulk/", {"tickets": [NEW]}, HTTP_IDEMPOTENCY_KEY="k1")
        assert elsewhere.status_code == 409

    def test_keys_of_two_people_have_nothing_to_do_with_each_other(self, api, bob):
        api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        assert program(bob).post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
        assert Ticket.objects.count() == 2

    def test_an_error_frees_the_key(self, api):
        assert api.post(TICKETS, {**NEW, "status": "gone"}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 400
        assert api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201

    def test_what_is_being_answered_is_asked_for_again_later(self, api, alice):
        api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        IdempotentRequest.objects.update(status=None)
        busy = api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        assert (busy.status_code, busy.json()["code"], busy["Retry-After"]) == (409, "in_progress", "1")
        IdempotentRequest.objects.update(lease_until=timezone.now())  # its process has died
        assert api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201

    def test_a_key_that_cannot_be_one_is_refused(self, api):
        assert api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="x" * 256).status_code == 400
        assert api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="").status_code == 400

    def test_keys_are_forgotten_after_a_day(self, api):
        api.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1")
        now = timezone.now()
        idempotency.purge(now + timedelta(hours=23))
        assert IdempotentRequest.objects.exists()
        idempotency.purge(now + timedelta(hours=25))
        assert not IdempotentRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_open_one_ticket(alice):
    _token, text = ApiToken.issue(alice, "shop")
    answers, gate = [], threading.Barrier(50)

    def send() -> None:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {text}")
        gate.wait()
        answers.append(client.post(TICKETS, NEW, HTTP_IDEMPOTENCY_KEY="k1"))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Ticket.objects.count(), Message.objects.count(), len(answers)) == (1, 1, 50)
    done = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    later = [answer for answer in answers if answer.status_code != 201]
    assert done == {Ticket.objects.get().pk}
    assert all((answer.status_code, answer["Retry-After"]) == (409, "1") for answer in later)


class TestLimits:
    def test_headers_say_what_is_left_and_then_when(self, api, settings, monkeypatch):
        monkeypatch.setattr(throttles, "clock", lambda: 120.0)
        settings.API_LIMITS = {"user": (100, 60), "token": (2, 60), "address": (5, 60)}
        first = api.get("/api/v1/me/")
        assert first["RateLimit-Policy"] == '"token";q=2;w=60, "user";q=100;w=60'
        assert first["RateLimit"].startswith('"token";r=1;t=')
        api.get("/api/v1/me/")
        over = api.get("/api/v1/me/")
        assert (over.status_code, over.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(over["Retry-After"]) <= 61
        monkeypatch.setattr(throttles, "clock", lambda: 180.0)
        assert api.get("/api/v1/me/").status_code == 200

    def test_the_tokens_of_one_person_share_their_limit(self, alice, settings, monkeypatch):
        monkeypatch.setattr(throttles, "clock", lambda: 0.0)
        settings.API_LIMITS = {"user": (3, 60), "token": (2, 60), "address": (5, 60)}
        one, two = program(alice), program(alice)
        statuses = [client.get("/api/v1/me/").status_code for client in (one, one, two, two)]
        assert statuses == [200, 200, 200, 429]

    def test_tokens_cannot_be_guessed_without_end(self, settings, db, monkeypatch):
        monkeypatch.setattr(throttles, "clock", lambda: 0.0)
        settings.API_LIMITS = {"user": (9, 60), "token": (9, 60), "address": (2, 60)}
        statuses = []
        for number in range(3):
            guesser = APIClient()
            guesser.credentials(HTTP_AUTHORIZATION=f"Token collie_{number}")
            statuses.append(guesser.get("/api/v1/me/").status_code)
        assert statuses == [401, 401, 429]


class TestAnswers:
    def test_an_error_is_a_problem_with_the_requests_id(self, api):
        answer = api.get("/api/v1/tickets/999999/", HTTP_X_REQUEST_ID="order-4711")
        problem = answer.json()
        assert answer["Content-Type"] == "application/problem+json"
        assert (problem["status"], problem["code"], problem["request_id"]) == (404, "not_found", "order-4711")
        assert answer["X-Request-ID"] == "order-4711" and answer["Cache-Control"] == "no-store"

    def test_an_id_that_is_none_is_replaced(self, api):
        answer = api.get("/api/v1/me/", HTTP_X_REQUEST_ID="a b\tc")
        assert answer["X-Request-ID"] and " " not in answer["X-Request-ID"]

    def test_without_credentials_the_way_in_is_named(self, db):
        answer = APIClient().get("/api/v1/me/")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")

    @pytest.mark.parametrize(
        "header", ["Token", "Token a b", "Token \x00", "Token ü", "Token " + "x" * 9000, "Bearer x"]
    )
    def test_credentials_that_are_none_are_401(self, db, header):
        assert APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=header).status_code == 401

    def test_nothing_is_opened_to_other_origins_unless_set(self, api, settings):
        assert not api.get("/api/v1/me/", HTTP_ORIGIN="https://shop.example").has_header(
            "Access-Control-Allow-Origin"
        )
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
        allowed = api.get("/api/v1/me/", HTTP_ORIGIN="https://shop.example")
        assert allowed["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "RateLimit" in allowed["Access-Control-Expose-Headers"]
        asked = {"HTTP_ORIGIN": "https://shop.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
        preflight = api.options("/api/v1/tickets/", **asked)
        assert preflight.status_code == 200 and not preflight.has_header("Access-Control-Allow-Credentials")

    @pytest.mark.parametrize("address", ["/api/v1/nowhere/", "/api/v1/tickets", "/api/", "/api/v1/tickets/x/"])
    def test_where_there_is_nothing_a_problem_says_so(self, api, address):
        answer = api.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"{", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b"[" * 100_000, "application/json", 400),
            (b'{"body": NaN}', "application/json", 400),
            (b'{"body": "\\ud800"}', "application/json", 400),
            (b'{"\\u0000": 1}', "application/json", 400),
            (b"[]", "application/json", 400),
            (b"null", "application/json", 400),
            (b"", "application/json", 400),
            (b'{"body": ' + b"9" * 5000 + b"}", "application/json", 400),
            (b"<xml/>", "application/xml", 415),
            (b"a=b", "application/x-www-form-urlencoded", 415),
            (b"a=b", "", 415),
        ],
    )
    def test_a_body_that_cannot_be_read_is_refused(self, api, body, kind, status):
        answer = api.generic("POST", TICKETS, body, content_type=kind)
        assert answer.status_code == status, answer.content
        assert answer.json()["detail"].endswith(".")

    def test_a_body_without_end_is_refused(self, api, monkeypatch):
        monkeypatch.setattr("tickets.api.parsers.MOST_BYTES", 100)
        assert api.post(TICKETS, {**NEW, "body": "x" * 200}).status_code == 413

    @pytest.mark.parametrize("size, status", [(15 << 20, 400), (17 << 20, 413)])
    def test_the_limit_is_ours_and_not_that_of_forms(self, api, size, status):
        answer = api.generic("POST", TICKETS, b" " * size, content_type="application/json")
        assert answer.status_code == status, answer.content
