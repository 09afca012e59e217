"""Mail set up as an operator would."""

from __future__ import annotations

import pytest

from config.mail import outgoing
from tests.tickets.mail.post import PostOffice
from tests.tickets.mail.talk import SUPPORT


@pytest.fixture(autouse=True)
def _mail_is_set_up(settings, tmp_path):
    settings.MAIL_ON = True
    settings.MAIL_FROM = SUPPORT
    settings.MAIL_REPLY_TAG = True
    settings.MAIL_AUTH_HOST = "mx.example.com"
    settings.SITE_URL = ""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CONFIRM_TICKETS = True
    settings.ATTACHMENT_MAX_BYTES = 2_000_000  # what the huge mail must not get past


@pytest.fixture
def post(settings):
    """A mail server, and settings by which our mail goes there."""
    office = PostOffice()
    for name, value in outgoing(f"smtp://127.0.0.1:{office.port}").items():
        setattr(settings, name, value)
    yield office
    office.end()
