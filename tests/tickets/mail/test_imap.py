"""A mailbox on a real IMAP server, Dovecot: what comes is stored once, whatever happens to the connection."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from django.db import connection

from config.mail import inbound
from tests.tickets.mail.dovecot import PASSWORD, PATIENCE, USER, Cutter, Dovecot
from tests.tickets.mail.talk import letter
from tickets.mail.incoming import imap, store
from tickets.models import Mailbox, Message, ReceivedMail

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server():
    dovecot = Dovecot()
    yield dovecot
    dovecot.end()


@pytest.fixture
def dovecot(server):
    """The server with an empty mailbox."""
    client = server.client()
    client.select("INBOX")
    client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.logout()
    return server


def address(port: int, query: str = ""):
    return inbound(f"imap://{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/INBOX{query}")


def letters(count: int, words: str = "Question") -> list[bytes]:
    return [letter(f"{words} {n} " + "x" * 500, sender=f"c{n % 7}@example.com").as_bytes() for n in range(count)]


def test_what_is_unread_is_stored_and_marked_and_what_was_read_before_is_left_alone(dovecot):
    dovecot.put(*letters(5, "Old"), flags="\\Seen")
    dovecot.put(*letters(3))
    assert imap.fetch(address(dovecot.port)) == 3 and imap.fetch(address(dovecot.port)) == 0
    assert Message.objects.count() == 3 and dovecot.count("UNSEEN") == 0
    dovecot.put(*letters(2, "Later"), flags="\\Seen")  # a colleague was quicker to open them
    assert imap.fetch(address(dovecot.port)) == 2 and Message.objects.count() == 5


def test_a_hundred_mails_delivered_twice_are_stored_a_hundred_times(dovecot):
    mails = letters(100)
    dovecot.put(*mails, *mails)
    imap.fetch(address(dovecot.port))
    assert Message.objects.count() == ReceivedMail.objects.count() == 100


def test_a_connection_cut_in_the_middle_of_a_mail_loses_nothing_and_doubles_nothing(dovecot):
    dovecot.put(*letters(30))
    cutter = Cutter(dovecot.port, 4000)
    try:
        for _ in range(40):
            try:
                imap.fetch(address(cutter.port))
            except imap.MailboxError:
                continue
            break
    finally:
        cutter.end()
    imap.fetch(address(dovecot.port))
    assert cutter.cuts >= 5
    assert Message.objects.count() == 30 and dovecot.count("UNSEEN") == 0
    assert sorted(len(body) for body in Message.objects.values_list("body", flat=True))[0] > 500  # each is whole


def test_a_mail_that_was_stored_but_not_marked_is_a_duplicate_the_next_time(dovecot, monkeypatch):
    dovecot.put(*letters(2))

    def cut(*_args):
        raise OSError("the connection broke")

    monkeypatch.setattr(imap, "_mark", cut)
    with pytest.raises(imap.MailboxError):
        imap.fetch(address(dovecot.port))
    assert Message.objects.count() == 1 and dovecot.count("UNSEEN") == 2
    monkeypatch.undo()
    imap.fetch(address(dovecot.port))
    assert Message.objects.count() == 2 and dovecot.count("UNSEEN") == 0


def test_nothing_is_marked_before_it_is_stored(dovecot, monkeypatch):
    dovecot.put(*letters(1))

    def full(*_args, **_options):
        raise OSError("no space left on device")

    monkeypatch.setattr(store, "_stored", full)
    with pytest.raises(imap.MailboxError, match="no space left"):
        imap.fetch(address(dovecot.port))
    assert dovecot.count("UNSEEN") == 1 and "no space left" in Mailbox.objects.get().words
    monkeypatch.undo()
    imap.fetch(address(dovecot.port))
    assert Message.objects.count() == 1


def test_a_mailbox_numbered_anew_is_read_on_without_doubles(dovecot):
    dovecot.put(*letters(3))
    imap.fetch(address(dovecot.port))
    Mailbox.objects.update(uid_validity=1, last_uid=999)
    dovecot.put(*letters(2, "New"))
    imap.fetch(address(dovecot.port))
    assert Message.objects.count() == 5 and Mailbox.objects.get().uid_validity != 1


def test_stored_mail_is_moved_where_that_is_wished_and_nothing_else_is_expunged(dovecot):
    dovecot.command("create", "Done")
    dovecot.put(*letters(1, "Somebody's"), flags="\\Deleted \\Seen")
    dovecot.put(*letters(2))
    imap.fetch(address(dovecot.port, "?move=Done"))
    assert dovecot.count("ALL", "Done") == 2 and dovecot.count("ALL") == 1


def test_two_workers_do_not_read_one_mailbox_at_once(dovecot):
    dovecot.put(*letters(1))
    holder = Mailbox.claim(address(dovecot.port).name, imap.timezone.now())
    assert imap.fetch(address(dovecot.port)) == 0
    holder.release(imap.timezone.now())
    assert imap.fetch(address(dovecot.port)) == 1


def test_a_wrong_password_is_said_in_the_server_s_words_and_not_repeated(dovecot):
    wrong = replace(address(dovecot.port), password="not-this-one")
    with pytest.raises(imap.MailboxError, match=r"(?i)auth"):
        imap.fetch(wrong)
    words = Mailbox.objects.get().words
    assert "uthentication" in words and "not-this-one" not in words


def test_the_worker_s_thread_hears_of_new_mail_and_stops_when_told(dovecot):
    stop = threading.Event()
    thread = threading.Thread(target=lambda: (imap.watch(address(dovecot.port), stop), connection.close()))
    thread.start()
    try:
        for number in range(2):
            dovecot.put(*letters(1, f"Live {number}"))
            deadline = time.monotonic() + PATIENCE
            while Message.objects.count() <= number and time.monotonic() < deadline:
                time.sleep(0.05)
            assert Message.objects.count() == number + 1
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive() and Mailbox.objects.get().lease_until is None
