"""Personal data leaves as placeholders and comes back as it was."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.drafts import asking, personal
from assistant.drafts.asking import Wish
from assistant.drafts.masking import Masking, Unmasking
from assistant.models import Draft, Preferences
from assistant.triage import chunks, runs
from assistant.triage.question import load
from tickets.models import Ticket

MAIL, PHONE, CARD, IBAN = (
    "erin@example.com",
    "+49 (0)30 123-4567",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
)
VALUES = (MAIL, PHONE, CARD, IBAN, "o'neil+x@sub.example.co.uk", "(555) 123-4567", "GB82WEST12345698765432")
LOOKALIKES = ("<EMAIL_1>", "<PHONE_2>", "<TEXT_1>", "<EMAIL_", "<", "PHONE_1>")
texts = st.lists(
    st.one_of(st.sampled_from(VALUES), st.sampled_from(LOOKALIKES), st.text(max_size=8), st.sampled_from(" \n,.")),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "Order no. 0171 1234567", "on 01.02.2024 10:30", "since 2024-05-06 12:30:00", "invoice #2024-000123",
        "tracking 00340434161094042557", "EUR 1,234.56", "from 192.168.100.200", "Bestellnummer 0123456789",
        "at 1700000000000", "01067 Dresden", "10 000 000 EUR", "ticket #555-123-4567", "4111 1111 1111 1112",
        "DE89370400440532013002", "version 10.0.19041.1",
    ],
)  # fmt: skip
def test_orders_dates_amounts_and_numbers_with_a_wrong_check_digit_are_left_alone(text):
    assert personal.find(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [(MAIL, "EMAIL"), (PHONE, "PHONE"), (CARD, "CARD"), (IBAN, "IBAN"), ("030 1234567", "PHONE"),
     ("06 12 34 56 78", "PHONE"), ("0033 1 23 45 67 89", "PHONE"), ("555-123-4567", "PHONE"),
     ("5500005555555559", "CARD"), ("gb82west12345698765432", "IBAN")],
)  # fmt: skip
def test_what_is_personal_is_found_whole(text, kind):
    (found,) = personal.find(f"Please note: {text}, thanks")
    assert found.kind == kind and f"Please note: {text}, thanks"[found.start : found.end] == text


def test_a_number_after_the_word_telephone_is_one():
    assert [found.kind for found in personal.find("mon téléphone 612 345 678")] == ["PHONE"]


@given(texts, texts)
def test_masking_and_putting_back_changes_nothing_and_leaves_no_value(one, other):
    masking = Masking()
    masking.learn({"a": one, "b": [other]})
    masked = masking.mask({"a": one, "b": [other]})
    assert masking.unmask(masked["a"]) == one and masking.unmask(masked["b"][0]) == other
    for text in (one, other):
        for found in personal.find(text):
            value = text[found.start : found.end]
            assert value not in masked["a"] and value not in masked["b"][0]


@given(texts, st.lists(st.integers(0, 80), max_size=8))
def test_a_text_that_comes_in_pieces_is_put_back_wherever_it_is_cut(text, cuts):
    masking = Masking()
    masking.learn(text)
    masked = masking.mask(text)
    places = sorted({0, len(masked), *(cut for cut in cuts if cut < len(masked))})
    unmasking = Unmasking(masking)
    shown = "".join(unmasking.feed(masked[a:b]) for a, b in pairwise(places))
    assert shown + unmasking.rest() == text


def test_one_value_has_one_placeholder_and_another_spelling_another():
    masking = Masking()
    masking.learn(f"{MAIL} or {MAIL} or {MAIL.upper()}")
    assert masking.mask(f"{MAIL} or {MAIL} or {MAIL.upper()}") == "<EMAIL_1> or <EMAIL_1> or <EMAIL_2>"
    assert masking.unmask("<EMAIL_3>") == "<EMAIL_3>"


PERSONAL = f"Write to {MAIL}, call {PHONE}, the card is {CARD}, the account {IBAN}. Order 12345."


@pytest.fixture
def personal_ticket(ticket):
    ticket.receive(PERSONAL)
    return ticket


@pytest.mark.django_db
@pytest.mark.parametrize("kind", Draft.Kind.values)
def test_the_request_of_every_kind_holds_placeholders(personal_ticket, alice, now, kind):
    plan = asking.start(alice, personal_ticket.pk, Wish(kind=kind, text=PERSONAL, instruction=PERSONAL), now)
    sent = json.dumps([dict(message) for message in plan.route.request().messages], ensure_ascii=False)
    for value in (MAIL, PHONE, CARD, IBAN):
        assert value not in sent
    assert "<EMAIL_1>" in sent and "<IBAN_1>" in sent and "Order 12345" in sent
    assert plan.masking.unmask("<PHONE_1>") == PHONE


@pytest.mark.django_db
def test_admins_can_switch_masking_off(personal_ticket, alice, now):
    Preferences(mask_drafts=False).save()
    plan = asking.start(alice, personal_ticket.pk, Wish(), now)
    assert MAIL in plan.route.prompt and not plan.masking


@pytest.mark.django_db(transaction=True)
def test_the_relay_never_hears_a_value_and_the_page_sees_it_put_back(page, relay, personal_ticket):
    with page() as client:
        draft_id = client.draft(instruction=f"offer to call {PHONE} and to write to {MAIL}")
        text, done = client.follow()
    assert PHONE in text and MAIL in text and "<PHONE" not in text and done["text"] == text
    heard = json.dumps(relay.books[-1].prompt, ensure_ascii=False)
    for value in (MAIL, PHONE, CARD, IBAN):
        assert value not in heard
    assert "<PHONE_1>" in heard and Draft.objects.get(pk=draft_id).text == text


@pytest.mark.django_db
def test_tickets_are_classified_without_their_personal_data_unless_an_admin_says_so(personal_ticket, carol, now):
    def asked() -> str:
        run = runs.create_run(Ticket.objects.filter(pk=personal_ticket.pk), user=carol)
        runs.start(run, now=now)
        return json.dumps(load(chunks.claim(now)).messages, ensure_ascii=False)

    masked = asked()
    assert "<EMAIL_1>" in masked and MAIL not in masked
    Preferences(mask_triage=False).save()
    assert MAIL in asked()


@pytest.mark.parametrize("text", ["(030)" + "1" * 100_000 + "x", "a@b.co " * 20_000, "#" * 100_000])
def test_a_text_made_to_keep_the_search_busy_is_soon_looked_through(text):
    assert [text[it.start : it.end] for it in personal.find(text)] == ["a@b.co"] * text.count("a@b.co")
