"""The link to one's own ticket: what it lets in, and twenty ways that do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tickets.attachments import attach
from tickets.links import link_path
from tickets.models import Customer, LetterRequest, Message, OutgoingMail, Ticket
from tickets.models.choices import Status
from tickets.portal import follow

SECRET = "Our own words, for nobody else"


@pytest.fixture
def mallory(db) -> Ticket:
    """The ticket of somebody who would like to read Erin's."""
    customer = Customer.objects.create(email="mallory@example.com", name="Mallory")
    return Ticket.objects.open(customer, "Hello", subject="Mine")


@pytest.fixture
def later(monkeypatch):
    """`later(days=31)` moves the clock that signatures are read by."""

    def later(**delta) -> None:
        now = signing.time.time() + timedelta(**delta).total_seconds()
        monkeypatch.setattr(signing.time, "time", lambda: now)

    return later


def token_of(ticket: Ticket) -> str:
    return link_path(ticket).split("/")[2]


def resign(value: str, salt: str = "tickets.customer-link", **options) -> str:
    return signing.TimestampSigner(salt=salt, sep=".", **options).sign(value)


def test_a_customer_reads_the_thread_without_notes_and_answers(ticket, alice, visitor):
    ticket.note(alice, SECRET)
    ticket.reply(alice, "Please **send** the invoice.", status="pending")
    page = visitor.get(link_path(ticket)).content.decode()
    assert "<strong>send</strong>" in page and "charged twice" in page and SECRET not in page
    answer = visitor.post(f"{link_path(ticket)}reply/", {"body": "Here it is."}, follow=True)
    assert "Here it is." in answer.content.decode()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.messages.last().kind, ticket.messages.count()) == ("open", "customer", 4)


def test_an_answer_sent_twice_is_one_message(ticket, visitor):
    for _ in range(2):
        visitor.post(f"{link_path(ticket)}reply/", {"body": "Here it is."})
    assert ticket.messages.count() == 2


def test_files_of_the_conversation_come_as_downloads_and_those_of_notes_do_not(ticket, alice, visitor):
    visitor.post(
        f"{link_path(ticket)}reply/", {"body": "See", "attachments": SimpleUploadedFile("a.html", b"<script>")}
    )
    sent = ticket.attachments.get()
    hidden = attach(ticket.note(alice, "Look"), "secret.txt", b"secret")
    answer = visitor.get(f"{link_path(ticket)}files/{sent.pk}/")
    assert b"".join(answer.streaming_content) == b"<script>"
    assert answer["Content-Type"] == "application/octet-stream" and "attachment" in answer["Content-Disposition"]
    assert visitor.get(f"{link_path(ticket)}files/{hidden.pk}/").status_code == 404


def test_a_solved_ticket_is_opened_again_and_a_closed_one_is_not(ticket, alice, visitor):
    ticket.set_status(alice, Status.RESOLVED)
    visitor.post(f"{link_path(ticket)}reopen/")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    ticket.close(alice)
    visitor.post(f"{link_path(ticket)}reopen/")
    assert visitor.post(f"{link_path(ticket)}reply/", {"body": "More"}).status_code == 422
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED and ticket.messages.count() == 1


def test_the_page_is_kept_and_listed_nowhere_and_tells_its_address_to_nobody(ticket, visitor):
    page = visitor.get(link_path(ticket))
    assert "no-store" in page["Cache-Control"] and "noindex" in page["X-Robots-Tag"]
    assert page["Referrer-Policy"] == "same-origin" and "default-src 'none'" in page["Content-Security-Policy"]


def test_agents_are_not_named_by_what_they_log_in_with(ticket, dave, visitor):
    ticket.reply(dave, "Hello")
    page = visitor.get(link_path(ticket)).content.decode()
    assert "dave" not in page and "Support" in page


def attempts(ticket: Ticket, mallory: Ticket) -> dict[str, str]:
    """Tokens that somebody who has a link of their own could try for another's ticket."""
    own, good = token_of(mallory), token_of(ticket)
    _value, stamp, signature = own.split(".")
    erins, mallorys = f"{ticket.pk}-{ticket.customer_id}", f"{mallory.pk}-{mallory.customer_id}"
    return {
        "another ticket's number": f"{ticket.pk}-{mallory.customer_id}.{stamp}.{signature}",
        "another ticket and its customer": f"{erins}.{stamp}.{signature}",
        "both tickets": f"{mallorys}-{ticket.pk}.{stamp}.{signature}",
        "a later moment": f"{erins}.zzzzzz.{signature}",
        "no signature": erins,
        "an empty signature": f"{erins}.{stamp}.",
        "a truncated signature": good[:-5],
        "a longer signature": f"{good}A",
        "a flipped letter": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "another case": good.swapcase(),
        "only the signature": good.split(".")[2],
        "the number alone": str(ticket.pk),
        "another separator": good.replace(".", ":"),
        "signed for a ticket of another customer": resign(f"{ticket.pk}-{mallory.customer_id}"),
        "signed with a guessed key": resign(erins, key="guessed"),
        "signed for an invitation": resign(erins, salt="tickets.invitation"),
        "signed for the form": resign(erins, salt="tickets.contact-form"),
        "words instead of numbers": resign("twelve-three"),
    }


def test_twenty_attempts_at_anothers_ticket_get_nowhere(ticket, mallory, visitor, later):
    tokens = attempts(ticket, mallory)
    old = token_of(ticket)
    later(days=31)
    tokens |= {"an expired link": old, "an expired link, once more": old}
    assert len(tokens) == 20
    answers = set()
    for name, token in tokens.items():
        for answer in (
            visitor.get(f"/t/{token}/"),
            visitor.post(f"/t/{token}/reply/", {"body": "It was me"}),
            visitor.post(f"/t/{token}/reopen/"),
        ):
            assert answer.status_code == 404, name
            assert ticket.subject not in answer.content.decode(), name
        answers.add(visitor.get(f"/t/{token}/").content.decode().split("<main")[1].split("csrfmiddlewaretoken")[0])
    assert len(answers) == 1  # nobody learns which of them was nearly right
    assert ticket.messages.count() == 1 and mallory.messages.count() == 1


def test_a_link_ends_with_its_days_and_when_the_ticket_changes_hands(ticket, mallory, visitor, later):
    link = link_path(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(customer=mallory.customer)
    assert visitor.get(link).status_code == 404
    Ticket.objects.filter(pk=ticket.pk).update(customer=ticket.customer)
    assert visitor.get(link).status_code == 200
    later(days=30, seconds=5)
    assert visitor.get(link).status_code == 404


def test_files_of_another_ticket_are_not_reached_through_ones_own_link(ticket, mallory, visitor):
    file = attach(ticket.messages.get(), "invoice.txt", b"secret")
    assert visitor.get(f"{link_path(mallory)}files/{file.pk}/").status_code == 404


def test_asking_for_links_says_the_same_for_guessed_addresses(ticket, visitor, letters):
    guesses = ["erin@example.com", "ERIN@example.com ", "nobody@example.com", "erin@example.com.evil.example"]
    answers = [visitor.post("/requests/", {"email": guess}, follow=True).content for guess in guesses]
    assert len(set(answers)) == 1
    mails = letters()
    assert {mail.recipient for mail in mails} == {"erin@example.com"} and len(mails) == 2
    assert link_path(ticket).split(".")[0] in mails[0].body


def test_links_go_to_the_address_of_the_customer_and_name_only_their_tickets(ticket, mallory, visitor, letters):
    visitor.post("/requests/", {"email": "mallory@example.com"})
    (mail,) = letters()
    assert (mail.recipient, mail.kind) == ("mallory@example.com", OutgoingMail.Kind.ACCOUNT)
    assert f"/t/{mallory.pk}-" in mail.body and f"/t/{ticket.pk}-" not in mail.body


def test_one_address_is_sent_links_only_so_often_and_the_answer_stays_the_same(ticket, visitor):
    codes = [visitor.post("/requests/", {"email": "erin@example.com"}).status_code for _ in range(5)]
    assert codes == [302] * 5 and LetterRequest.objects.count() == follow.ASKED_BY_ADDRESS


def test_a_link_of_an_agents_browser_shows_no_more_than_the_customers(ticket, alice):
    ticket.note(alice, SECRET)
    client = Client()
    client.force_login(alice)
    assert SECRET not in client.get(link_path(ticket)).content.decode()


def test_pages_of_a_ticket_take_few_queries(ticket, alice, visitor, django_assert_max_num_queries):
    for n in range(20):
        attach(ticket.reply(alice, f"Answer {n}"), "a.txt", b"1")
    with django_assert_max_num_queries(5):
        visitor.get(link_path(ticket))


def test_mail_in_html_is_shown_without_what_it_could_run_or_load(ticket, visitor):
    Message.objects.create(
        ticket=ticket, kind="customer", format="html", created=timezone.now(),
        body='<p onclick="x()">Hi<script>x()</script><img src="https://t.example/p.gif"></p>',
    )  # fmt: skip
    page = visitor.get(link_path(ticket)).content.decode()
    assert "<p>Hi</p>" in page and "t.example" not in page
