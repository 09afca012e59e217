"""Sixty mails and more as they really come: none is lost, and what can be read is read."""

from __future__ import annotations

import pytest

from tests.tickets.mail.awkward import MAILS
from tests.tickets.mail.talk import deliver, message_of
from tickets.models import Message, ReceivedMail, UnreadableMail

pytestmark = pytest.mark.django_db


def test_there_are_enough_of_them():
    assert len(MAILS) >= 60


@pytest.mark.parametrize("name", MAILS)
def test_it_is_in_a_ticket_with_its_text_or_kept_with_those_that_could_not_be_read(name):
    awkward = MAILS[name]
    receipt = deliver(awkward.raw)
    row = ReceivedMail.objects.get()
    assert receipt.outcome == row.outcome == awkward.outcome
    assert row.original == awkward.raw
    if awkward.outcome == "unreadable":
        assert UnreadableMail.objects.filter(outcome="unreadable", why__gt="").count() == 1
        assert not Message.objects.exists()
        return
    message = message_of(receipt)
    seen = f"{message.body}\n{message.remarks}"
    for words in awkward.shows:
        assert words in seen, seen[:500]
    for words in awkward.hides:
        assert words not in seen
    assert awkward.folds in message.folded and (not awkward.folds or awkward.folds not in message.body)
    assert list(message.attachments.values_list("name", flat=True))[: len(awkward.files)] == list(awkward.files)


def test_headers_are_read_whatever_they_are_written_in():
    deliver(MAILS["charsets/subject_in_pieces"].raw)
    deliver(MAILS["charsets/subject_cut_inside_a_letter"].raw)
    deliver(MAILS["charsets/subject_bare_8bit"].raw)
    deliver(MAILS["broken/subject_with_line_breaks"].raw)
    subjects = list(Message.objects.order_by("id").values_list("ticket__subject", flat=True))
    assert subjects[:2] == ["Grüße aus Köln", "Grüße"] and subjects[2].startswith("Grüße")
    assert "\n" not in subjects[3] and "\r" not in subjects[3]
    assert Message.objects.order_by("id").first().ticket.customer.name == "Jörg"
