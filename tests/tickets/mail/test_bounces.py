"""Reports of three servers about a mail that was sent: its message says what the server said."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.tickets.mail.awkward.build import mail
from tests.tickets.mail.awkward.reports import EXCHANGE, GMAIL, POSTFIX, report
from tests.tickets.mail.talk import deliver
from tickets.mail.addresses import bounce_address
from tickets.mail.outgoing import sending
from tickets.models import LetterRequest, Message, OutgoingMail, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(post, alice, ticket) -> OutgoingMail:
    reply = ticket.reply(alice, "Hello", status="pending")
    sending.send_due(timezone.now() + timezone.timedelta(seconds=5))
    return reply.mails.get()


def original(sent: OutgoingMail) -> str:
    return f"From: support@example.com\r\nMessage-ID: {sent.header_id}\r\nSubject: {sent.subject}"


def plain_letter(sent: OutgoingMail) -> bytes:
    words = f"Hi. This is the program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n" \
            f"550 no mailbox\n--- Below this line is a copy.\nMessage-ID: {sent.header_id}\n"  # fmt: skip
    return mail(words, "Return-Path: <>\n", sender="MAILER-DAEMON@mx.example", subject="failure notice")


REPORTS = {
    "postfix": (lambda s: report(POSTFIX, original(s)), "550 5.1.1 User unknown"),
    "exchange": (
        lambda s: report(EXCHANGE, original(s), html=True, subject="Undeliverable: Re: Charged twice",
                         said="550 5.4.1 Rejected: Access denied", status="5.4.1"), "Access denied"),
    "gmail": (
        lambda s: report(GMAIL, original(s), headers_only=True, subject="Delivery Status Notification (Failure)",
                         headers="X-Failed-Recipients: erin@example.com\n", said="552 5.2.2 Mailbox full"),
        "Mailbox full"),
    "without the original, by the address it came to": (
        lambda s: report(POSTFIX, "Subject: cut", to=bounce_address(s.pk)), "User unknown"),
    "a plain letter": (plain_letter, "550 no mailbox"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "words"), REPORTS.values(), ids=list(REPORTS))
def test_the_message_is_marked_and_the_ticket_open_again(made, words, sent, ticket, alice, client):
    receipt = deliver(made(sent))
    message = Message.objects.get(kind="reply")
    ticket.refresh_from_db()
    assert (receipt.outcome, message.delivery, ticket.status) == ("bounce", "bounced", "open")
    assert words in message.remarks and ticket.messages.count() == 2
    assert Ticket.objects.count() == 1 and not LetterRequest.objects.exists()
    client.force_login(alice)
    html = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Came back" in html and words in html and "Send again" in html


def test_a_delay_is_told_and_the_message_stays_sent(sent):
    deliver(report(POSTFIX, original(sent), action="delayed", status="4.4.1", said="451 Connection timed out"))
    message = Message.objects.get(kind="reply")
    assert message.delivery == "sent" and "Delayed: " in message.remarks and "timed out" in message.remarks


def test_the_same_report_twice_is_one(sent):
    raw = report(POSTFIX, original(sent))
    assert [deliver(raw).outcome for _ in range(2)] == ["bounce", "duplicate"]
