"""Mail that comes in: the right ticket, once, and answered by nobody but people where a machine wrote it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.tickets.mail.awkward.build import file, mail, multipart, text
from tests.tickets.mail.talk import deliver, letter, message_of
from tickets.mail.addresses import reply_address
from tickets.mail.incoming.originals import purge_originals
from tickets.models import Customer, LetterRequest, Message, ReceivedMail, Ticket

pytestmark = pytest.mark.django_db


def answer(ticket: Ticket, words: str = "Thanks!", **headers):
    return deliver(letter(words, to=reply_address(ticket.pk), **headers))


def test_a_new_mail_is_a_new_ticket_with_a_confirmation_owed():
    message = message_of(deliver(letter("Where is my order?", subject="Order 42")))
    ticket = message.ticket
    assert (ticket.subject, ticket.channel, ticket.status) == ("Order 42", "email", "open")
    assert (ticket.customer.email, ticket.customer.name) == ("erin@example.com", "Erin Example")
    assert LetterRequest.objects.filter(ticket=ticket, kind="confirmation").count() == 1


def test_a_hundred_mails_delivered_twice_are_stored_a_hundred_times():
    mails = [letter(f"Question {n}", sender=f"c{n % 9}@example.com").as_bytes() for n in range(100)]
    again = [b"Received: from elsewhere by us\nDelivered-To: support@example.com\n" + raw for raw in mails]
    outcomes = [deliver(raw).outcome for raw in mails + again]
    assert outcomes == ["stored"] * 100 + ["duplicate"] * 100
    assert Message.objects.count() == Ticket.objects.count() == ReceivedMail.objects.count() == 100


def test_two_mails_with_one_message_id_are_two():
    for words in ("First", "Second"):
        deliver(letter(words, Message_ID="<reused@example.com>"))
    assert Message.objects.count() == 2


@pytest.mark.parametrize("status", ["pending", "resolved", "closed"])
def test_an_answer_opens_the_ticket_again(status, alice, ticket):
    ticket.set_status(alice, status)
    assert answer(ticket).ticket_id == ticket.pk
    ticket.refresh_from_db()
    assert ticket.status == "open" and ticket.messages.count() == 2


def test_an_answer_to_what_was_closed_long_ago_is_a_new_ticket_that_names_it(alice, ticket):
    ticket.close(alice, now=timezone.now() - timedelta(days=15))
    message = message_of(answer(ticket))
    assert message.ticket != ticket and message.remarks == f"Follows ticket #{ticket.pk}."
    ticket.refresh_from_db()
    assert ticket.status == "closed"


def test_without_tags_an_answer_is_found_by_what_it_names(settings, alice):
    settings.MAIL_REPLY_TAG = False
    first = letter("One")
    ticket = message_of(deliver(first)).ticket
    sent = ticket.reply(alice, "Two").mails.get().header_id
    by_reply = deliver(letter("Three", In_Reply_To=sent))
    by_references = deliver(letter("Four", References=f"<unknown@example.com> {first['Message-ID']}"))
    by_other_tag = deliver(letter("Five", sender="erin+desk@example.com", In_Reply_To=sent))
    assert {by_reply.ticket_id, by_references.ticket_id, by_other_tag.ticket_id} == {ticket.pk}


def test_an_equal_subject_is_no_thread(ticket):
    assert deliver(letter("Me too", subject=f"Re: {ticket.subject}")).ticket_id != ticket.pk


def test_a_colleague_of_the_customer_may_answer_and_is_named(alice, ticket):
    message = message_of(answer(ticket, sender="Zoe <zoe@example.com>"))
    assert (message.ticket, message.sender) == (ticket, "Zoe <zoe@example.com>")
    sent = ticket.reply(alice, "To Erin alone").mails.get()
    assert sent.recipient == "erin@example.com"
    assert deliver(letter("Again", sender="zoe@example.com", In_Reply_To=sent.header_id)).ticket_id == ticket.pk


MACHINES = {
    "out of office": {"Auto_Submitted": "auto-replied"},
    "older autoresponder": {"Precedence": "auto_reply"},
    "no header but the subject": {"subject": "Out of Office: Help"},
    "german": {"subject": "Abwesenheitsnotiz: Urlaub"},
    "empty path": {"Return_Path": "<>"},
    "daemon": {"sender": "MAILER-DAEMON@example.com"},
}


@pytest.mark.parametrize("headers", MACHINES.values(), ids=list(MACHINES))
def test_a_machine_is_read_and_neither_answered_nor_heard_as_the_customer(headers, alice, ticket):
    ticket.set_status(alice, "resolved")
    message = message_of(answer(ticket, "I am away until Monday.", **headers))
    ticket.refresh_from_db()
    assert message.automatic and message.ticket == ticket and ticket.status == "resolved"
    deliver(letter("Nobody reads this.", **headers))
    assert Ticket.objects.count() == 2 and not LetterRequest.objects.exists()


def test_a_list_is_not_answered_but_opens_a_ticket_again(alice, ticket):
    ticket.set_status(alice, "resolved")
    message = message_of(answer(ticket, List_Id="<staff.example.com>", Precedence="list"))
    ticket.refresh_from_db()
    assert message.automatic and ticket.status == "open"


def test_a_flood_from_one_address_is_kept_and_not_answered():
    for n in range(40):
        deliver(letter(f"Mail {n}"))
    assert Message.objects.count() == 40
    assert Message.objects.filter(automatic=True).count() == 10


def test_what_is_too_much_is_named_and_the_rest_is_kept(settings):
    settings.MAIL_PARTS_MAX_BYTES = 3_000_000
    raw = multipart("mixed", text("See the files."), *[file(f"{n}.bin", b"x" * 1_000_000) for n in range(4)],
                    file("big.bin", b"x" * 2_500_000), file("run.exe", b"MZ" + b"\0" * 50))  # fmt: skip
    message = message_of(deliver(raw))
    assert list(message.attachments.values_list("name", flat=True)) == ["0.bin", "1.bin", "2.bin"]
    assert message.remarks.count("Not kept:") == 3 and "3.bin" in message.remarks and "run.exe" in message.remarks


TRUST = {
    "nobody checked": ("", "unverified"),
    "dmarc passed": ("mx.example.com; dmarc=pass header.from=example.com", "verified"),
    "dmarc failed": ("mx.example.com; spf=pass smtp.mailfrom=evil.example; dmarc=fail", "forged"),
    "own signature": ("mx.example.com; dkim=pass header.d=example.com; spf=fail smtp.mailfrom=x.example", "verified"),
    "signature of another": ("mx.example.com; dkim=pass header.d=evil.example", "unverified"),
    "both failed": ("mx.example.com; dkim=fail header.d=example.com; spf=fail smtp.mailfrom=example.com", "forged"),
    "words of a stranger": ("mx.evil.example; dmarc=pass header.from=example.com", "unverified"),
    "a comment that lies": ("mx.example.com; dmarc=fail (dmarc=pass) header.from=example.com", "forged"),
}  # fmt: skip


@pytest.mark.parametrize(("results", "trust"), TRUST.values(), ids=list(TRUST))
def test_the_sender_is_who_our_own_server_says(results, trust):
    headers = {"Authentication_Results": results} if results else {}
    assert message_of(deliver(letter("Hi", **headers))).trust == trust


def test_only_the_topmost_word_of_our_server_counts():
    raw = b"Authentication-Results: mx.example.com; dmarc=fail\nAuthentication-Results: mx.example.com; dmarc=pass\n"
    assert message_of(deliver(raw + letter("Hi").as_bytes())).trust == "forged"


def test_the_desk_folds_quotes_and_doubts_senders(alice, client):
    raw = mail("Yes.\n\nOn Mon, 3 Mar 2025 at 10:00, Support wrote:\n> Shall we?\n> Signed, us")
    message = message_of(deliver(raw))
    client.force_login(alice)
    html = client.get(f"/tickets/{message.ticket_id}/").content.decode()
    assert "Sender not verified" in html and "<summary>Quotes and signature</summary>" in html
    assert "Shall we?" in html and "Shall we?" not in message.body


def test_a_mail_is_shown_as_it_came_without_what_runs_or_tells(alice, client):
    page = "<h1>Offer</h1><img src='https://tracker.example/x.png'><script>steal()</script><p onclick='x()'>Hi</p>"
    message = message_of(deliver(mail(page, "Content-Type: text/html\n")))
    address = f"/tickets/{message.ticket_id}/messages/{message.pk}/as-sent/"
    assert client.get(address).status_code == 302
    client.force_login(alice)
    html = client.get(address).content.decode()
    assert "<h1>Offer</h1>" in html
    assert "tracker" not in html and "steal()" not in html and "onclick" not in html


def test_originals_are_forgotten_after_a_while_but_not_those_that_could_not_be_read(alice, client):
    message = message_of(deliver(letter("Hi")))
    deliver(b"no mail at all")
    assert purge_originals(timezone.now() + timedelta(days=89)) == 0
    assert purge_originals(timezone.now() + timedelta(days=91)) == 1
    assert ReceivedMail.objects.get(outcome="unreadable").original == b"no mail at all"
    client.force_login(alice)
    html = client.get(f"/tickets/{message.ticket_id}/messages/{message.pk}/as-sent/").content.decode()
    assert "no longer kept" in html


def test_admins_find_what_could_not_be_read(carol):
    deliver(b"no mail at all")
    client = Client()
    client.force_login(carol)
    row = ReceivedMail.objects.get()
    assert "It has no headers." in client.get("/admin/tickets/unreadablemail/").content.decode()
    assert "no mail at all" in client.get(f"/admin/tickets/unreadablemail/{row.pk}/change/").content.decode()
    for model in ("outgoingmail", "receivedmail", "mailbox"):
        assert client.get(f"/admin/tickets/{model}/").status_code == 200


def test_the_known_customer_keeps_their_name(erin):
    deliver(letter("Hi", sender="Someone Else <ERIN@example.com>"))
    assert Customer.objects.get().name == "Erin Example"
