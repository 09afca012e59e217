"""Full text: what is found, and that it stays right however tickets are written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import islice, product
from types import SimpleNamespace

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tickets.fulltext import Piece, marked, parse, setup, ticket_words
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


@pytest.mark.parametrize("first", [0x3300, 0xAC00, 0xFDFA, 0x4E00, 0x61])
def test_a_long_text_of_whatever_letters_is_taken_and_found_by_its_ends(erin, first):
    """Characters of which one becomes many, or many bytes, where they are folded."""
    words = product(map(chr, range(first, first + 60)), repeat=3)
    middle = " ".join("".join(word) for word in islice(words, 45_000))
    ticket = Ticket.objects.open(erin, f"zeppelin {middle} gadget", subject="Long")
    assert found("zeppelin") == found("gadget") == found("long erin") == {"Long"}
    ticket.receive("The frobnicator.")
    assert found("gadget frobnicator") == {"Long"}


def migrate(between=lambda: None) -> str:
    """What a migrate that has a migration of tickets does around it; the SQL of it."""
    said = []

    def listen(execute, sql, *rest):
        said.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        setup.before_migrate("default", [(SimpleNamespace(app_label="tickets"), False)])
        between()
        setup.after_migrate("default")
    return "\n".join(said)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere triggers stay through a migration")
def test_a_migration_fills_no_index_anew_and_what_it_changes_is_found(queue, erin):
    def change():
        Ticket.objects.filter(subject="Crash").update(subject="Tumble")
        Message.objects.filter(ticket=queue["Offer"]).update(body="<p>Eighty seats</p>")
        Ticket.objects.filter(subject="Refund").delete()
        Ticket.objects.open(erin, "A zeppelin", subject="New")

    sql = migrate(change)
    assert "rebuild" not in sql and "DELETE FROM tickets_ticketwords\n" not in sql
    assert found("tumble") == {"Tumble"} and found("crash") == {"Tumble"}  # it is in the message
    assert found("eighty") == {"Offer"} and found("twenty") == set()
    assert found("invoice") == set() and found("zeppelin") == {"New"}
    Ticket.objects.filter(subject="New").update(subject="Newer")
    assert found("newer") == {"Newer"}


def test_another_definition_of_the_index_has_it_filled_anew_once(queue, monkeypatch):
    monkeypatch.setattr(ticket_words, "TICKETS", replace(ticket_words.TICKETS, version=10**6))
    again = "rebuild" if connection.vendor == "sqlite" else "ADD COLUMN words"
    assert again in migrate()
    assert found("refund") == {"Refund"}
    assert again not in migrate()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Postgres has the functions itself")
def test_other_programs_cannot_write_messages_past_the_index(queue):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE%' AND name NOT LIKE '%fts%'")
        made = [sql for (sql,) in cursor.fetchall() if "sqlite_" not in sql[:30]]
    with closing(sqlite3.connect(":memory:")) as shell:
        for sql in [sql for kind in ("TABLE", "TRIGGER") for sql in made if sql.startswith(f"CREATE {kind}")]:
            shell.execute(sql)
        for sql in (
            "INSERT INTO tickets_message SELECT * FROM tickets_message",
            "UPDATE tickets_message SET body = ''",
        ):
            with pytest.raises(sqlite3.OperationalError, match="no such function: collie_plain"):
                shell.execute(sql)


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


@given(st.text(alphabet="aAb _-.", max_size=40), st.text(alphabet='aab "', max_size=12))
@hypothesis_settings(max_examples=200)
def test_hits_are_the_same_in_plain_english_and_beside_other_letters(text, typed):
    """Text in ASCII is looked through by a way of its own, which is quicker."""
    query = parse(typed)
    assert marked(text + " \u00e9", query) == merged([*marked(text, query), Piece(" \u00e9")])


def merged(pieces):
    """Neighbours without a hit as one."""
    found = []
    for piece in pieces:
        if found and not piece.hit and not found[-1].hit:
            found[-1] = Piece(found[-1].text + piece.text)
        else:
            found.append(piece)
    return found


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
