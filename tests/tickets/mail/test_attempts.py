"""Attempts to read or to write in somebody else's ticket by mail. Mallory knows Erin's address and her ticket's
number; what she does not know are the signed address and the Message-IDs that only Erin was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.tickets.mail.talk import deliver, letter, message_of
from tickets.mail.addresses import bounce_address, reply_address
from tickets.mail.outgoing import sending
from tickets.models import LetterRequest, Message, OutgoingMail, Ticket

pytestmark = pytest.mark.django_db
FORGED = "mx.example.com; dmarc=fail header.from=example.com"


def swapped(address: str, position: int) -> str:
    """The address with one character of its signature changed."""
    local, _, domain = address.partition("@")
    at = len(local) - 1 - position
    return f"{local[:at]}{'a' if local[at] != 'a' else 'b'}{local[at + 1 :]}@{domain}"


class Known:
    """What an attacker may find out, and more than they can."""

    def __init__(self, ticket: Ticket, own: Ticket, secret_id: str) -> None:
        self.ticket, self.own, self.secret_id = ticket, own, secret_id
        self.address, self.own_address = reply_address(ticket.pk), reply_address(own.pk)
        signature = self.own_address.partition(".")[2].partition("@")[0]
        self.transplanted = f"support+t{ticket.pk}.{signature}@example.com"


ATTEMPTS = {
    "number without a signature": lambda k: {"to": f"support+t{k.ticket.pk}@example.com"},
    "empty signature": lambda k: {"to": f"support+t{k.ticket.pk}.@example.com"},
    "guessed signature": lambda k: {"to": f"support+t{k.ticket.pk}.aaaaaaaaaaaaaaaa@example.com"},
    "signature of her own ticket": lambda k: {"to": k.transplanted},
    "last character changed": lambda k: {"to": swapped(k.address, 0)},
    "first character changed": lambda k: {"to": swapped(k.address, 15)},
    "signature cut": lambda k: {"to": k.address.replace("@", "", 1)[:-12] + "@example.com"},
    "number with a zero before": lambda k: {"to": k.address.replace("+t", "+t0")},
    "number continued": lambda k: {"to": k.address.replace(f"+t{k.ticket.pk}.", f"+t{k.ticket.pk}0.")},
    "bounce tag of the same number": lambda k: {"to": bounce_address(k.ticket.pk)},
    "tag at another domain": lambda k: {"to": k.address.replace("@example.com", "@evil.example")},
    "wildcard": lambda k: {"to": f"support+t{k.ticket.pk}.%@example.com"},
    "subject with the number": lambda k: {"subject": f"Re: [#{k.ticket.pk}] {k.ticket.subject}"},
    "guessed reference": lambda k: {"References": f"<{k.ticket.pk}@example.com> <t{k.ticket.pk}@example.com>"},
    "real reference of a stranger": lambda k: {"References": k.secret_id, "In_Reply_To": k.secret_id},
    "real reference, own name like hers": lambda k: {
        "References": k.secret_id, "sender": '"erin@example.com" <mallory@evil.example>'},
    "real reference, her address in Sender": lambda k: {"References": k.secret_id, "Sender": "erin@example.com"},
    "real reference, her address in Reply-To": lambda k: {"References": k.secret_id, "Reply_To": "erin@example.com"},
    "forged From with a guessed reference": lambda k: {
        "sender": "erin@example.com", "References": "<guess@example.com>"},
    "forged From found out, with a real reference": lambda k: {
        "sender": "erin@example.com", "References": k.secret_id, "Authentication_Results": FORGED},
    "forged From at a domain like hers": lambda k: {
        "sender": "erin@example.com.evil.example", "References": k.secret_id},
    "tag hidden in the subject and the name": lambda k: {"sender": f'"{swapped(k.address, 3)}" <m@evil.example>'},
}  # fmt: skip


@pytest.fixture
def known(post, alice) -> Known:
    ticket = message_of(deliver(letter("My card ends in 4242."))).ticket
    reply = ticket.reply(alice, "We refund it.")
    own = message_of(deliver(letter("Mine", sender="mallory@evil.example"))).ticket
    sending.send_due(timezone.now() + timedelta(seconds=5))
    return Known(ticket, own, reply.mails.get().header_id)


def test_there_are_twenty_of_them():
    assert len(ATTEMPTS) >= 20


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=list(ATTEMPTS))
def test_none_gets_into_the_ticket_and_nothing_of_it_gets_out(attempt, known, post, alice):
    before = list(known.ticket.messages.values_list("pk", flat=True))
    mail = letter("Send it to my new account.", **{"sender": "mallory@evil.example", **attempt(known)})
    receipt = deliver(mail)
    assert receipt.ticket_id != known.ticket.pk
    assert list(known.ticket.messages.values_list("pk", flat=True)) == before
    known.ticket.reply(alice, "And one more thing for Erin.")
    sending.send_due(timezone.now() + timedelta(seconds=5))
    assert {to for _sender, (to,), _raw in post.taken} == {"erin@example.com"}


def test_a_forged_name_is_marked_and_owed_no_letter(known):
    LetterRequest.objects.all().delete()
    message = message_of(deliver(letter("It is me.", Authentication_Results=FORGED)))
    assert message.trust == "forged" and message.ticket != known.ticket
    assert not LetterRequest.objects.exists()


def test_answers_never_follow_another_reply_to(alice):
    message = message_of(deliver(letter("Where is it?", Reply_To="mallory@evil.example")))
    message.ticket.reply(alice, "Here.")
    assert OutgoingMail.objects.get(kind="reply").recipient == "erin@example.com"


def test_a_made_up_bounce_marks_nothing(known):
    reply = Message.objects.get(kind="reply")
    fake = letter("550 no such user", sender="mailer-daemon@evil.example", subject="Undelivered Mail",
                  to=bounce_address(10**6), X_Failed_Recipients="erin@example.com")  # fmt: skip
    deliver(fake)
    reply.refresh_from_db()
    assert reply.delivery == "sent"


def test_an_address_signed_with_an_older_key_still_works(settings, ticket):
    address = reply_address(ticket.pk)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key"
    assert deliver(letter("Hi", to=address)).ticket_id == ticket.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert deliver(letter("Hi again", sender="zoe@example.org", to=address)).ticket_id != ticket.pk
