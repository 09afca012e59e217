"""Mail servers as operators write them down, and who works for them."""

from __future__ import annotations

import threading

import pytest

from config.mail import inbound, outgoing
from tests.tickets.mail.talk import deliver, letter, message_of
from tickets.mail import service
from tickets.models import OutgoingMail
from tickets.tasks import fetch_mail, send_mail


def test_the_ways_out():
    smtp = outgoing("smtp://desk%40example.com:p%40ss%2Fword@mail.example.com:587/?tls=1")
    assert smtp["EMAIL_HOST_USER"] == "desk@example.com" and smtp["EMAIL_HOST_PASSWORD"] == "p@ss/word"
    assert (smtp["EMAIL_PORT"], smtp["EMAIL_USE_TLS"], smtp["EMAIL_USE_SSL"]) == (587, True, False)
    smtps = outgoing("smtps://mail.example.com")
    assert (smtps["EMAIL_PORT"], smtps["EMAIL_USE_TLS"], smtps["EMAIL_USE_SSL"]) == (465, False, True)
    assert outgoing("file:///var/mail/collie")["EMAIL_FILE_PATH"] == "/var/mail/collie"
    assert outgoing("console:")["EMAIL_BACKEND"].endswith("console.EmailBackend")


def test_a_mailbox_is_named_without_its_password():
    box = inbound("imaps://desk%40example.com:s%40cret@mail.example.com/Help/New?move=Done")
    assert (box.host, box.port, box.tls, box.folder, box.move) == ("mail.example.com", 993, True, "Help/New", "Done")
    assert box.user == "desk@example.com" and box.password == "s@cret" and "s@cret" not in box.name


@pytest.mark.django_db
def test_celery_sends_what_is_due_and_leaves_an_unset_mailbox_alone(post, alice, settings):
    settings.MAILBOX = None
    message_of(deliver(letter("Hi"))).ticket.reply(alice, "Hello")
    send_mail()
    fetch_mail()
    assert OutgoingMail.objects.get(kind="reply").state == "sent" and len(post.taken) == 1


def test_a_worker_without_mail_starts_no_thread_for_it(settings):
    settings.MAIL_ON, settings.MAILBOX = False, None
    assert service.start(threading.Event()) == []
