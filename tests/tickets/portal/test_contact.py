"""The public form: what it takes, what it refuses, and what it gives away of who is known."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tickets.models import Customer, Message, OutgoingMail, Ticket
from tickets.portal import contact, forms


def test_what_a_stranger_writes_becomes_a_ticket_with_its_files_and_a_letter(write, letters, link_in, visitor):
    answer = write(attachments=[SimpleUploadedFile("invoice.txt", b"EUR 12"), SimpleUploadedFile("two.txt", b"2")])
    assert (answer.status_code, answer["Location"]) == (302, "/contact/sent/")
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.channel, ticket.customer.email) == ("Charged twice", "web", "erin@example.com")
    assert [file.name for file in ticket.messages.get().attachments.all()] == ["invoice.txt", "two.txt"]
    (mail,) = letters()
    assert (mail.kind, mail.recipient, mail.ticket_id) == ("confirmation", "erin@example.com", ticket.pk)
    page = visitor.get(link_in(mail))
    assert page.status_code == 200 and "My invoice is wrong." in page.content.decode()


def test_the_page_after_sending_holds_no_link(write, visitor):
    assert "/t/" not in visitor.get(write()["Location"]).content.decode()


def test_the_form_works_without_scripts_and_keeps_what_was_typed(write):
    answer = write(email="no address", body="Words that must not be lost")
    page = answer.content.decode()
    assert answer.status_code == 422 and "Words that must not be lost" in page and 'aria-invalid="true"' in page
    assert not Ticket.objects.exists()


def test_a_letter_is_owed_once_and_only_where_the_setting_says_so(write, letters, settings):
    write()
    assert len(letters()) == 1 and len(letters()) == 1
    settings.CONFIRM_TICKETS = False
    write(subject="Another")
    assert len(letters()) == 1 and Ticket.objects.count() == 2


def test_what_a_machine_wrote_gets_no_letter(write, letters):
    write()
    Message.objects.update(automatic=True)
    assert letters() == []


def test_a_letter_repeats_nothing_that_a_stranger_typed(write, letters):
    write(name="Visit evil.example", subject="Visit evil.example", body="Visit evil.example")
    (mail,) = letters()
    assert "evil" not in mail.subject + mail.body


def test_a_program_that_fills_every_field_is_told_that_all_is_well(write):
    answer = write(reference="https://spam.example")
    assert answer["Location"] == "/contact/sent/" and not Ticket.objects.exists()


def test_a_form_sent_at_once_asks_for_one_more_press(write, visitor):
    early = write(begun=forms.new_stamp())
    assert early.status_code == 422 and "press Send again" in early.content.decode()
    assert "marked fields" not in early.content.decode()
    assert "marked fields" in write(begun=forms.new_stamp(), subject="").content.decode()
    assert not Ticket.objects.exists()
    assert write(begun="made up").status_code == 422
    assert write().status_code == 302


def test_a_second_click_makes_no_second_ticket(write):
    assert write().status_code == write().status_code == 302
    assert Ticket.objects.count() == 1


def test_one_visitor_and_one_address_can_only_write_so_often(write, monkeypatch):
    monkeypatch.setattr(contact, "PER_ADDRESS", 2)
    monkeypatch.setattr(contact, "PER_VISITOR", 4)
    codes = [write(subject=f"Number {n}").status_code for n in range(3)]
    assert codes == [302, 302, 429]
    assert write(email="other@example.com").status_code == 302
    refused = write(email="third@example.com")
    assert (refused.status_code, refused["Retry-After"]) == (429, "3600")
    assert Ticket.objects.count() == 3


def test_a_known_and_an_unknown_address_get_the_same_answer_from_the_same_statements(
    write, erin, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as known:
        first = write(email=erin.email)
    with CaptureQueriesContext(connection) as unknown:
        second = write(email="new@example.com")
    assert (first.status_code, first.content, first["Location"]) == (
        second.status_code, second.content, second["Location"],
    )  # fmt: skip
    assert [query["sql"].split()[0] for query in known] == [query["sql"].split()[0] for query in unknown]


def test_a_stranger_changes_nothing_that_is_known_of_a_customer(write, erin):
    write(email="ERIN@example.com", name="Mallory")
    erin.refresh_from_db()
    assert (erin.name, Customer.objects.count()) == ("Erin Example", 1)


def test_a_file_that_is_refused_is_named_and_nothing_is_kept(write):
    answer = write(attachments=[SimpleUploadedFile("fine.txt", b"1"), SimpleUploadedFile("setup.exe", b"MZ...")])
    assert answer.status_code == 422 and "setup.exe" in answer.content.decode()
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(("asked", "language"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("xx", "en"), ("", "en")])
def test_pages_and_letters_are_in_the_customers_language(write, letters, visitor, asked, language):
    write(language=asked)
    assert Customer.objects.get().language == language
    (mail,) = letters()
    assert ("Guten Tag" in mail.body) == (language == "de")
    page = visitor.get("/contact/", headers={"accept-language": asked})
    assert f'<html lang="{language}"' in page.content.decode() and page["Content-Language"] == language


def test_no_mail_is_queued_twice_by_two_workers(write, letters):
    write()
    letters()
    letters()
    assert OutgoingMail.objects.count() == 1
