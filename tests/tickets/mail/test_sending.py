"""Replies on their way to a real SMTP server: each once, or a person is told why not."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.tickets.mail.talk import deliver, letter, message_of
from tickets.attachments import attach
from tickets.mail.addresses import Tag, read_tag
from tickets.mail.outgoing import sending
from tickets.mail.queue import ANSWERS_AN_HOUR, queue_mail
from tickets.models import Customer, OutgoingMail, Profile, Ticket

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def later(**time) -> object:
    return timezone.now() + timedelta(**time)


def state(message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.delivery, message.remarks


@pytest.fixture
def as_alice(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_a_reply_is_one_mail_with_both_parts_its_thread_and_its_files(post, alice):
    first = letter("Where is my order?\n\nIt is late.")
    ticket = message_of(deliver(first)).ticket
    reply = ticket.reply(alice, "It **left** today.\n\n- one\n- two")
    attach(reply, "label.pdf", b"%PDF-1.4 label", "application/pdf")
    assert sending.send_due(later()) == 1 and sending.send_due(later()) == 0
    (sender, recipients, _raw), mail = post.taken[0], post.mails[0]
    assert recipients == ["erin@example.com"] and read_tag(sender).kind == "b"
    assert (mail["From"], mail["To"]) == ("Collie Support <support@example.com>", "erin@example.com")
    assert mail["Subject"] == "Re: Help" and mail["In-Reply-To"] == first["Message-ID"] == mail["References"]
    assert read_tag(mail["Reply-To"]) == Tag("t", ticket.pk) and "Auto-Submitted" not in mail
    assert mail["Message-ID"] == reply.mails.get().header_id
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "It **left** today." in text and "> Where is my order?" in text and "> It is late." in text
    assert "<strong>left</strong>" in html and "<li>two</li>" in html and "<blockquote>" in html
    assert [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()] == [
        ("label.pdf", b"%PDF-1.4 label")
    ]
    assert state(reply) == ("sent", "")


def test_a_reply_ends_with_the_signature_of_who_wrote_it(post, alice, carol, erin):
    Profile.objects.create(user=alice, signature="Kind regards\n**Alice**, Support\n")
    ticket = Ticket.objects.open(erin, "Where is my order?")
    ticket.reply(alice, "It left today.")
    ticket.reply(carol, "And arrived.")
    sending.send_due(later())
    text, html = (post.mails[0].get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "It left today.\n\n-- \nKind regards\n**Alice**, Support\n\nOn " in text.replace("\r\n", "\n")
    assert "<strong>Alice</strong>" in html and "<h2>" not in html
    assert "Kind regards" not in post.mails[1].get_body(("plain",)).get_content()


def test_a_second_reply_names_all_that_went_before(post, alice):
    first = letter("One")
    ticket = message_of(deliver(first)).ticket
    ticket.reply(alice, "Two")
    sending.send_due(later())
    third = letter("Three", to=post.mails[0]["Reply-To"], In_Reply_To=post.mails[0]["Message-ID"])
    assert deliver(third).ticket_id == ticket.pk
    ticket.reply(alice, "Four")
    sending.send_due(later())
    chain = [first["Message-ID"], post.mails[0]["Message-ID"], third["Message-ID"]]
    assert post.mails[1]["References"].split() == chain and post.mails[1]["In-Reply-To"] == chain[-1]


def test_a_long_quote_is_cut_and_a_subject_cannot_add_headers(post, alice, erin):
    ticket = Ticket.objects.open(erin, "line\n" * 500, subject="Hi\r\nBcc: victim@example.net")
    ticket.reply(alice, "Short.")
    sending.send_due(later())
    mail = post.mails[0]
    assert mail["Bcc"] is None and mail["Subject"] == "Re: Hi Bcc: victim@example.net"
    assert mail.get_body(("plain",)).get_content().count("> line") < 20


def test_what_the_server_refuses_for_now_is_tried_again_and_in_the_end_given_up(post, alice, ticket):
    post.refuse["erin@example.com"] = "451 4.7.1 Greylisted, come back"
    reply = ticket.reply(alice, "Hello")
    assert sending.send_due(later()) == 0
    assert state(reply) == ("queued", "451 4.7.1 Greylisted, come back")
    assert sending.send_due(later(seconds=30)) == 0 and reply.mails.get().attempts == 1
    post.refuse.clear()
    assert sending.send_due(later(seconds=90)) == 1 and state(reply)[0] == "sent"
    post.refuse["erin@example.com"] = "451 4.7.1 Greylisted, come back"
    other = ticket.reply(alice, "Hello again")
    for day in range(1, 20):
        sending.send_due(later(days=day))
    assert state(other) == ("failed", "451 4.7.1 Greylisted, come back") and len(post.taken) == 1


def test_what_the_server_refuses_for_good_is_not_tried_again(post, alice, ticket):
    post.refuse["erin@example.com"] = "550 5.1.1 No such person here"
    reply = ticket.reply(alice, "Hello")
    other = Ticket.objects.open(Customer.objects.create(email="zoe@example.org"), "Hi").reply(alice, "Fine")
    sending.send_due(later())
    assert state(reply) == ("failed", "550 5.1.1 No such person here") and state(other)[0] == "sent"
    assert sending.send_due(later(days=3)) == 0 and reply.mails.get().attempts == 1


def test_a_text_refused_by_the_server_is_not_in_doubt(post, alice, ticket):
    post.answer = "554 5.7.1 Looks like spam"
    reply = ticket.reply(alice, "Buy now")
    sending.send_due(later())
    assert state(reply) == ("failed", "554 5.7.1 Looks like spam")


def test_a_server_that_is_down_for_a_minute_costs_nothing_and_doubles_nothing(post, alice, erin):
    replies = [Ticket.objects.open(erin, f"Question {n}").reply(alice, f"Answer {n}") for n in range(20)]
    post.close()
    assert sending.send_due(later()) == 0
    assert {state(reply)[0] for reply in replies} == {"queued"} and "refused" in state(replies[0])[1]
    assert OutgoingMail.objects.filter(attempts=1, state="queued").count() == 20
    post.open()
    for seconds in (61, 62, 63, 130):
        sending.send_due(later(seconds=seconds))
    bodies = [mail.get_body(("plain",)).get_content().splitlines()[0] for mail in post.mails]
    assert sorted(bodies) == sorted(f"Answer {n}" for n in range(20))
    assert {state(reply) for reply in replies} == {("sent", "")}


def test_a_server_that_vanishes_with_the_mail_leaves_it_uncertain_until_a_person_decides(
    post, as_alice, alice, ticket
):
    reply = ticket.reply(alice, "Did you get this?")
    post.vanish = True
    sending.send_due(later())
    assert state(reply)[0] == "uncertain" and len(post.taken) == 1
    post.vanish = False
    sending.send_due(later(days=2))
    assert len(post.taken) == 1
    html = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "Perhaps sent" in html and "handed over" in html and "Send again" in html
    as_alice.post(f"/tickets/{ticket.pk}/messages/{reply.pk}/resend/")
    assert sending.send_due(later()) == 1 and state(reply) == ("sent", "")
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]  # whoever has the first drops the second


def test_a_connection_cut_before_the_text_is_no_doubt(post, alice, ticket, monkeypatch):
    def cut(self, *_args):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(smtplib.SMTP, "rcpt", cut)
    reply = ticket.reply(alice, "Hello")
    sending.send_due(later())
    assert state(reply) == ("queued", "Connection unexpectedly closed")


def test_a_sender_that_died_leaves_its_mail_uncertain_and_only_that_one(post, alice, ticket):
    reply, other = ticket.reply(alice, "One"), ticket.reply(alice, "Two")
    now = timezone.now()
    assert sending._claim(reply.mails.get().pk, now) and sending._claim(reply.mails.get().pk, now) is None
    sending.send_due(now + timedelta(minutes=1))
    assert state(reply)[0] == "queued" and state(other)[0] == "sent"
    sending.send_due(now + timedelta(minutes=6))
    assert state(reply)[0] == "uncertain" and len(post.taken) == 1


def test_a_slow_sender_still_says_how_it_ended(alice, ticket):
    reply, now = ticket.reply(alice, "One"), timezone.now()
    mail = sending._claim(reply.mails.get().pk, now)
    sending.give_up_on_abandoned(now + timedelta(minutes=6))
    assert state(reply)[0] == "uncertain"
    assert sending._settle(mail, "sent", now, words="", sent=now) and state(reply)[0] == "sent"


def test_without_mail_the_desk_says_so_and_sends_it_once_it_is_set_up(post, settings, as_alice, alice, ticket):
    settings.MAIL_ON = False
    reply = ticket.reply(alice, "Hello")
    address = f"/tickets/{ticket.pk}/messages/{reply.pk}/resend/"
    assert "Not sent: mail is not set up" in as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert "nothing to send again" in as_alice.post(address, follow=True).content.decode()
    assert sending.send_due(later()) == 0 and queue_mail("erin@example.com", "Hi", "Text") is None
    settings.MAIL_ON = True
    as_alice.post(address)
    assert sending.send_due(later()) == 1 and state(reply)[0] == "sent"
    as_alice.post(address)
    assert sending.send_due(later()) == 0  # it has left: there is nothing to send again


def test_only_those_who_see_the_ticket_send_again(post, bob, alice, support, ticket):
    reply = ticket.reply(alice, "Hello")
    OutgoingMail.objects.update(state="failed")
    ticket.move(alice, support)
    client = Client()
    client.force_login(bob)
    assert client.post(f"/tickets/{ticket.pk}/messages/{reply.pk}/resend/").status_code == 404
    other = Ticket.objects.open(ticket.customer, "Another")
    assert client.post(f"/tickets/{other.pk}/messages/{reply.pk}/resend/").status_code == 404
    assert sending.send_due(later()) == 0


def test_a_resend_goes_to_the_address_as_it_is_now(post, as_alice, alice, ticket):
    post.refuse["erin@example.com"] = "550 5.1.1 Unknown"
    reply = ticket.reply(alice, "Hello")
    sending.send_due(later())
    Customer.objects.filter(pk=ticket.customer_id).update(email="erin.new@example.com")
    as_alice.post(f"/tickets/{ticket.pk}/messages/{reply.pk}/resend/")
    sending.send_due(later())
    assert post.taken[0][1] == ["erin.new@example.com"]


def test_a_customer_without_an_address_gets_no_mail_and_the_desk_says_why(post, alice):
    nobody = Customer.objects.create(email="csv-1@import.invalid")
    reply = Ticket.objects.open(nobody, "Imported").reply(alice, "Hello")
    assert sending.send_due(later()) == 0
    assert state(reply) == ("failed", "The customer has no e-mail address.")


def test_mail_that_no_person_wrote_says_so_and_is_forgotten_once_it_has_left(post, ticket):
    mail = queue_mail("Erin@example.com", "We have it", "Follow it [here](https://x.example/secret)",
                      kind="confirmation", ticket=ticket)  # fmt: skip
    sending.send_due(later())
    sent = post.mails[0]
    assert sent["Auto-Submitted"] == "auto-replied" and sent["X-Auto-Response-Suppress"] == "All"
    assert read_tag(sent["Reply-To"]) == Tag("t", ticket.pk)
    assert 'href="https://x.example/secret"' in sent.get_body(("html",)).get_content()
    mail.refresh_from_db()
    assert (mail.state, mail.body) == ("sent", "")


def test_confirmations_to_one_address_end_after_a_few_an_hour(ticket):
    queued = [
        queue_mail("erin@example.com", "We have it", "…", kind="confirmation", ticket=ticket) for _ in range(20)
    ]
    assert sum(mail is not None for mail in queued) == ANSWERS_AN_HOUR
    hour_later = queue_mail("erin@example.com", "We have it", "…", kind="confirmation", now=later(minutes=61))
    assert hour_later is not None
