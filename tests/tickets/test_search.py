"""Full text: what is found, and that it stays right however tickets are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tickets.fulltext import marked, parse
from tickets.models import Customer, Message, Ticket
from tickets.search import highlights, search, similar_solved

pytestmark = pytest.mark.django_db


def found(text: str) -> set[str]:
    return set(search(Ticket.objects.all(), text).values_list("subject", flat=True))


@pytest.fixture
def queue(erin):
    """Three tickets: a refund, a crash with an answer and a note, a quote in HTML from a man with an accent."""
    emile = Customer.objects.create(email="emile.zola@example.org", name="Émile Zola")
    Ticket.objects.open(erin, "I was charged twice for my invoice, please refund me.", subject="Refund")
    Ticket.objects.open(erin, "The app crashes with error-500.", subject="Crash")
    body = "<style>p {color: red}</style><p>A <b>quote</b> for twenty seats in the caf\u00e9</p><br>Thanks"
    Ticket.objects.open(emile, body, subject="Offer", format="html")
    return {ticket.subject: ticket for ticket in Ticket.objects.all()}


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("refund", {"Refund"}),
        ("REFUND Invoice", {"Refund"}),
        ("invoice crash", set()),
        ("crash invo", set()),
        ("please inv", {"Refund"}),
        ("inv please", set()),
        ('"charged twice"', {"Refund"}),
        ('"twice charged"', set()),
        ('"charged twi', set()),
        ("error-500", {"Crash"}),
        ("error 500", {"Crash"}),
        ("erin@exam", {"Refund", "Crash"}),
        ("emile cafe", {"Offer"}),
        ("Émile CAFÉ", {"Offer"}),
        ("quote seats", {"Offer"}),
        ("color", set()),
        ("style", set()),
        ("!!! -- *", set()),
    ],
)
def test_words_of_subject_messages_and_customer(text, subjects, queue):
    assert found(text) == subjects


def test_a_number_finds_its_ticket(queue):
    number = queue["Crash"].pk
    assert found(f"#{number}") == {"Crash"}
    assert "Crash" in found(str(number))
    assert found(f"#{10**30}") == found(f"{2**63}") == set()


def test_the_index_follows_verbs_edits_and_deletes(queue, alice, erin):
    crash = queue["Crash"]
    crash.note(alice, "It is the frobnicator.")
    crash.receive("Any news of the zeppelin?")
    assert found("frobnicator zeppelin crash") == {"Crash"}
    crash.messages.filter(kind="note").update(body="It is the gadget.")
    assert found("frobnicator") == set() and found("gadget") == {"Crash"}
    crash.messages.filter(kind="note").delete()
    assert found("gadget") == set() and found("zeppelin") == {"Crash"}
    Ticket.objects.filter(pk=crash.pk).update(subject="Hangs")
    assert found("hangs") == {"Hangs"}
    Customer.objects.filter(pk=erin.pk).update(name="Erna Beispiel")
    assert found("beispiel") == {"Refund", "Hangs"} and found("erin@example") == {"Refund", "Hangs"}
    Message.objects.filter(ticket=queue["Refund"]).update(ticket=crash)
    assert found("invoice") == {"Hangs"}
    crash.delete()
    assert found("zeppelin") == found("hangs") == set()


def test_bulk_inserts_are_found_however_they_come(erin):
    tickets = Ticket.objects.bulk_create([Ticket(customer=erin, subject=f"Bulk {n}") for n in range(3)])
    Message.objects.bulk_create(
        [
            Message(ticket=ticket, kind="customer", body=f"body{n} word{m}")
            for n, ticket in enumerate(tickets)
            for m in (1, 2)
        ]
    )
    assert found("bulk") == {"Bulk 0", "Bulk 1", "Bulk 2"}
    assert found("body1 word1 word2") == {"Bulk 1"}


def test_many_and_few_matches_are_found_alike(queue, monkeypatch):
    few = {text: found(text) for text in ("refund", "erin", "example e")}
    monkeypatch.setattr("tickets.search._FEW", 0)
    assert {text: found(text) for text in few} == few and few["erin"] == {"Refund", "Crash"}


@given(st.text(max_size=60) | st.text(alphabet="ab\"'*()&|!:^-+#\\%\0 <>ORNEAD", max_size=40))
@hypothesis_settings(max_examples=80)
def test_nothing_typed_is_an_error(text):
    assert search(Ticket.objects.all(), text).count() >= 0
    pieces = marked(text, parse(text))
    assert "".join(piece.text for piece in pieces) == text


@given(
    st.lists(
        st.text(alphabet="abcdefghijklmnopqrstuvwxyzäéß0123456789", min_size=1, max_size=12), min_size=1, max_size=5
    )
)
@hypothesis_settings(max_examples=30)
def test_a_subject_is_found_by_its_own_words(words):
    customer, _ = Customer.objects.get_or_create(email="words@example.com")
    ticket = Ticket.objects.create(customer=customer, subject=" ".join(words))
    for text in (ticket.subject, f'"{ticket.subject}"', " ".join(reversed(words))):
        assert ticket in search(Ticket.objects.all(), text)


def test_hits_are_marked_in_the_subject_and_in_the_message_that_has_them(queue, alice):
    crash = queue["Crash"]
    crash.receive("<b>Still</b> crashing & burning")
    crash.note(alice, "Known crash of the <script>alert(1)</script> printer")
    shown = highlights([crash, queue["Refund"]], "crash print")[crash.pk]
    assert [(piece.text, piece.hit) for piece in shown.subject] == [("Crash", True)]
    assert shown.note and [piece.text for piece in shown.snippet if piece.hit] == ["crash", "printer"]
    assert "".join(piece.text for piece in shown.snippet) == "Known crash of the <script>alert(1)</script> printer"
    assert not highlights([queue["Refund"]], "crash")[queue["Refund"].pk].snippet


def test_similar_solved_tickets_are_those_with_telling_words_that_one_may_see(queue, alice, bob, accounts, erin):
    def solved(subject: str, body: str, **fields) -> Ticket:
        ticket = Ticket.objects.open(erin, body, subject=subject, **fields)
        ticket.close(alice)
        return ticket

    close = solved("Refund of an invoice", "charged twice again")
    far = solved("Invoice copy", "please send it")
    solved("Parcel", "lost somewhere")
    hidden = solved("Refund invoice twice", "charged", team=accounts)
    Ticket.objects.open(erin, "charged twice, refund the invoice", subject="Refund")
    assert similar_solved(queue["Refund"], alice) == [close, far]
    assert hidden in similar_solved(queue["Refund"], bob)
    assert similar_solved(queue["Refund"], alice, limit=1) == [close]
