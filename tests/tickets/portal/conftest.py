"""Visitors without an account, what they send, and the mail they get."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from tickets.letters import write_letters
from tickets.models import Article, OutgoingMail
from tickets.portal import forms


@pytest.fixture(autouse=True)
def mail_is_on(settings, tmp_path):
    settings.MAIL_ON = True
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = ""
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def visitor(db) -> Client:
    return Client()


@pytest.fixture
def begun(monkeypatch) -> str:
    """The stamp of a form that was opened a minute ago."""
    now = signing.time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr(signing.time, "time", lambda: now - 60)
        return forms.new_stamp()


@pytest.fixture
def write(visitor, begun):
    """`write(subject="…")` sends the contact form."""

    def write(client: Client | None = None, **fields):
        given = {"name": "Erin", "email": "erin@example.com", "subject": "Charged twice",
                 "body": "My invoice is wrong.", "begun": begun, "reference": ""}  # fmt: skip
        headers = {"accept-language": fields.pop("language", "en")}
        return (client or visitor).post("/contact/", given | fields, headers=headers)

    return write


@pytest.fixture
def letters():
    """Let the worker write what was asked for; the mails that are in the outbox then."""

    def letters() -> list[OutgoingMail]:
        write_letters(timezone.now())
        return list(OutgoingMail.objects.order_by("pk"))

    return letters


@pytest.fixture
def link_in():
    """The path of the customer's link in a mail."""

    def link_in(mail: OutgoingMail) -> str:
        return re.search(r"<http://testserver(/t/[^>]+)>", mail.body)[1]

    return link_in


@pytest.fixture
def make_article(db):
    def make(title: str, body: str = "Text.", *, public: bool = True, published: bool = True, **fields) -> Article:
        audience = Article.Audience.PUBLIC if public else Article.Audience.INTERNAL
        moment = timezone.now() - timedelta(hours=1) if published else None
        return Article.objects.create(title=title, body=body, audience=audience, published=moment, **fields)

    return make
