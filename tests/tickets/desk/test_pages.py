"""What holds for all pages: the door, the content policy, inert payloads, errors, health."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import path

from tickets import health
from tickets.models import Category, Customer, Ticket

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "'-alert(1)-'",
    "</textarea><script>alert(1)</script>",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "<a href='jAvAsCrIpT:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>*{background:url(//evil.example)}</style>",
]


class Live(HTMLParser):
    """Collects whatever in a page a browser would run, load from elsewhere or style by."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"img", "iframe", "style", "object", "embed", "base"} or (tag == "script" and "src" not in given):
            self.found.append(tag)
        for name, value in attrs:
            address = (value or "").strip().lower()
            leads = name in {"href", "src", "action", "formaction"} and not address.startswith(("/", "#", "http"))
            if name.startswith("on") or name == "style" or leads:
                self.found.append(f"{tag} {name}={value}")


def boom(request):
    raise RuntimeError("on purpose")


def forbidden(request):
    from django.core.exceptions import PermissionDenied

    raise PermissionDenied


urlpatterns = [path("boom/", boom), path("forbidden/", forbidden)]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("format", ["text", "html", "markdown"])
def test_what_strangers_write_is_shown_and_never_run(payload, format, as_alice, alice):
    customer = Customer.objects.create(email="mallory@example.com", name=payload)
    ticket = Ticket.objects.open(customer, payload, subject=payload, format=format)
    ticket.note(alice, payload)
    ticket.set_tags(alice, [payload])
    Category.objects.filter(slug="sales").update(name=payload)
    for address in ("/?q=" + payload, "/", f"/tickets/{ticket.pk}/"):
        assert not Live(as_alice.get(address).content.decode()).found
    posted = as_alice.post(f"/tickets/{ticket.pk}/reply/", {"body": payload, "status": payload, "draft": payload})
    assert posted.status_code == 422 and not Live(posted.content.decode()).found


@pytest.mark.parametrize("address", ["/", "/?status=any", "/accounts/login/", "/nowhere/", "/healthz", "/admin/"])
def test_every_answer_carries_a_content_policy_without_unsafe(address, as_carol, client):
    for browser in (client, as_carol):
        policy = browser.get(address)["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy


def test_templates_scripts_and_styles_keep_to_the_policy():
    roots = [Path(settings.BASE_DIR) / "templates", Path(settings.BASE_DIR) / "tickets" / "templates"]
    for file in (file for root in roots for file in root.rglob("*.html")):
        text = file.read_text()
        assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|javascript:|hx-on|hx-vals=.js:", text), file
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), file


def test_logging_in_leads_to_where_one_was_going_and_out_again(client, alice):
    assert b'name="username"' in client.get("/accounts/login/").content
    wrong = client.post("/accounts/login/", {"username": "alice", "password": "no"})
    assert wrong.status_code == 200 and b'role="alert"' in wrong.content and b'value="alice"' in wrong.content
    login = {"username": "alice", "password": "alice-password"}
    assert client.post("/accounts/login/", {**login, "next": "/?mine=1"}).url == "/?mine=1"
    assert client.get("/accounts/login/").url == "/"
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").url == "/accounts/login/"
    assert client.get("/").status_code == 302


def test_nobody_is_sent_to_another_site_after_logging_in(client, alice):
    login = {"username": "alice", "password": "alice-password", "next": "https://evil.example/"}
    assert client.post("/accounts/login/", login).url == "/"


def test_guessing_passwords_is_locked_out_with_a_page_that_explains(client, alice):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = client.post("/accounts/login/", {"username": "alice", "password": "guess"})
    assert response.status_code == 429 and "Locked for a while" in response.content.decode()
    right = client.post("/accounts/login/", {"username": "alice", "password": "alice-password"})
    assert right.status_code == 429


def test_administration_is_offered_to_admins_alone(as_alice, as_carol):
    assert "Administration" in as_carol.get("/").content.decode()
    assert "Administration" not in as_alice.get("/").content.decode()
    assert as_alice.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/")


def test_the_switch_of_the_ai_is_shown(as_alice, settings):
    assert "AI is off" not in as_alice.get("/").content.decode()
    settings.AI_ENABLED = False
    assert "AI is off" in as_alice.get("/").content.decode()


def test_a_page_is_in_one_language_and_says_which(client):
    html = client.get("/accounts/login/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en"' in html and "Log in" in html


def test_errors_have_pages_of_their_own(client, settings):
    client.raise_request_exception = False
    assert "There is nothing here" in client.get("/nowhere/").content.decode()
    settings.ROOT_URLCONF = __name__
    crashed = client.get("/boom/")
    assert crashed.status_code == 500 and "Something went wrong on our side" in crashed.content.decode()
    assert "on purpose" not in crashed.content.decode()
    assert "This is not for you" in client.get("/forbidden/").content.decode()


def test_a_form_without_its_token_is_refused_with_a_sentence(alice, ticket):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    refused = strict.post(f"/tickets/{ticket.pk}/reply/", {"body": "x"})
    assert refused.status_code == 403 and "open too long" in refused.content.decode()
    assert ticket.messages.count() == 1


def test_a_process_that_lives_says_so(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200 and answer.json().items() >= {"database": "ok", "channels": "ok"}.items()


def test_a_process_that_cannot_work_is_not_ready(client, settings, monkeypatch):
    monkeypatch.setattr(health, "CHANNEL_SECONDS", 0.5)
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://127.0.0.1:9"]}}
    }
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "channels": "unreachable"}
