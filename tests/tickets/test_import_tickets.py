"""import_tickets on well-formed files: fields, labels, threads, identity."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from tickets import importer
from tickets.models import Category, Classification, Customer, Message, Tag, Ticket, TicketEvent
from tickets.models.choices import Priority, SetBy, Status
from tickets.signals import ticket_changed, ticket_opened

pytestmark = pytest.mark.django_db


def run(path, *arguments):
    """What the command said last, as (imported, skipped, rejected)."""
    out = io.StringIO()
    call_command("import_tickets", str(path), *arguments, stdout=out, stderr=io.StringIO())
    last = out.getvalue().splitlines()[-1]
    counts = dict(part.split("=") for part in last.split(" "))
    assert list(counts) == ["imported", "skipped", "rejected"]
    return tuple(map(int, counts.values()))


@pytest.fixture
def write(tmp_path):
    def write(text, name="export.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def jsonl(*rows):
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def test_columns_are_mapped_and_an_unknown_category_becomes_a_tag(write):
    path = write("text,category\nHow do I locate my card?,card_arrival\nI was charged twice,card_arrival\n")
    assert run(path, "--map", "body=text", "--map", "tags=category") == (2, 0, 0)
    ticket = Ticket.objects.get(subject="How do I locate my card?")
    assert (ticket.channel, ticket.source, ticket.category, ticket.category_by) == ("import", "export", None, "unset")
    assert [tag.name for tag in ticket.tags.all()] == ["card_arrival"]
    assert ticket.messages.get().body == "How do I locate my card?"
    opened = ticket.events.get()
    assert (opened.kind, opened.new, opened.cause) == (TicketEvent.Kind.OPENED, "import", "export")


def test_a_mapped_column_feeds_only_that_field(write):
    path = write("subject,text\nA subject that is the text,other\n")
    run(path, "--map", "body=subject")
    assert Ticket.objects.get().subject == "A subject that is the text"
    path = write("body,category\nhelp,billing\n", "two.csv")
    run(path, "--map", "tags=category")
    assert Ticket.objects.get(source="two").category is None


def test_an_empty_column_leaves_a_field_out(write):
    path = write("body,assignee\nhelp,somebody who left\n")
    assert run(path) == (0, 0, 1)
    assert run(path, "--map", "assignee=") == (1, 0, 0)


def test_rows_without_address_share_one_placeholder_customer_per_source(write):
    run(write("body\none\ntwo\n"), "--source", "Mailbox 7")
    run(write("body\none\ntwo\n"), "--source", "Mailbox/7")
    assert Ticket.objects.count() == 4
    assert Customer.objects.count() == 2
    assert all(customer.email.endswith(".invalid") for customer in Customer.objects.all())


def test_customers_are_found_by_address_whatever_its_capitals(write, erin):
    path = write('email,body\nERIN@example.com,one\n"Finn Falk <finn@example.com>",two\n')
    run(path)
    assert Ticket.objects.get(subject="one").customer == erin
    assert Customer.objects.get(email="finn@example.com").name == "Finn Falk"


def test_imported_labels_are_a_person_s_and_route_the_ticket(write, accounts):
    path = write("body,category,priority,status,created_at\nhelp,Billing,urgent,Solved,2024-02-03 04:05\n")
    run(path)
    ticket = Ticket.objects.get()
    assert (ticket.category.slug, ticket.priority, ticket.status) == ("billing", Priority.HIGH, Status.RESOLVED)
    assert (ticket.category_by, ticket.priority_by, ticket.team_by) == (SetBy.PERSON, SetBy.PERSON, SetBy.RULE)
    assert ticket.team == accounts
    assert ticket.created == ticket.last_message == ticket.resolved == datetime(2024, 2, 3, 4, 5, tzinfo=UTC)
    label = Classification.objects.get()
    assert (label.source, label.category.slug, label.priority) == (SetBy.PERSON, "billing", "high")
    assert label.replaced["category"] is None and label.replaced["priority_by"] == "unset"


def test_without_labels_nobody_has_labelled(write):
    run(write("body\nhelp\n"))
    ticket = Ticket.objects.get()
    assert (ticket.category_by, ticket.priority_by, ticket.priority) == ("unset", "unset", "medium")
    assert not Classification.objects.exists()


def test_a_named_team_and_assignee_are_set(write, alice, accounts):
    run(write("body,team,assignee,category\nhelp,accounts,ALICE@example.com,technical\n"))
    ticket = Ticket.objects.get()
    assert (ticket.team, ticket.team_by, ticket.assignee) == (accounts, SetBy.PERSON, alice)


def test_an_unknown_team_or_assignee_is_a_reject_that_names_the_way_out(write, tmp_path):
    assert run(write("body,team,assignee\nhelp,Nowhere,\nhelp,,nobody\n")) == (0, 0, 2)
    text = (tmp_path / "export.csv.rejects.csv").read_text()
    assert "There is no team “Nowhere”" in text and "--map team=" in text
    assert "There is no account “nobody”" in text


def test_rows_of_one_thread_are_messages_of_one_ticket_in_any_order(write, alice):
    path = write(
        "thread,email,subject,created_at,body,status\n"
        "T1,erin@example.com,Broken,2024-01-02 10:00,second,open\n"
        "T2,finn@example.com,Other,2024-01-02 10:00,other,open\n"
        "T1,erin@example.com,Broken,2024-01-01 10:00,first,closed\n"
        "T1,alice@example.com,Broken,2024-01-03 10:00,an answer,closed\n"
    )
    assert run(path) == (4, 0, 0)
    ticket = Ticket.objects.get(external_id="T1")
    assert [(m.body, m.kind, m.author) for m in ticket.messages.all()] == [
        ("first", "customer", None),
        ("second", "customer", None),
        ("an answer", "reply", alice),
    ]
    assert ticket.created == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert ticket.last_message == ticket.first_response == datetime(2024, 1, 3, 10, tzinfo=UTC)
    assert ticket.status == Status.OPEN
    assert set(ticket.messages.values_list("delivery", flat=True)) == {Message.Delivery.NONE}


def test_a_later_import_goes_on_with_a_thread(write):
    run(write("thread,body,created_at\nT1,first,2024-01-01\n"), "--source", "desk")
    version = Ticket.objects.get().version
    grown = write("thread,body,created_at\nT1,first,2024-01-01\nT1,second,2024-01-05\nT2,new,\n", "later.csv")
    assert run(grown, "--source", "desk") == (2, 1, 0)
    ticket = Ticket.objects.get(external_id="T1")
    assert [message.body for message in ticket.messages.all()] == ["first", "second"]
    assert ticket.last_message == datetime(2024, 1, 5, tzinfo=UTC)
    assert ticket.version == version + 1


def test_a_thread_may_be_named_by_the_id_of_its_first_row(write):
    run(write("external_id,thread,body\n8,7,answer\n7,,question\n9,7,thanks\n"))
    assert Ticket.objects.get().messages.count() == 3


def test_equal_rows_are_two_tickets_and_a_second_run_imports_nothing(write):
    path = write("body,email\nsame,a@example.com\nsame,a@example.com\nother,\n")
    assert run(path) == (3, 0, 0)
    assert run(path) == (0, 3, 0)
    assert Ticket.objects.count() == Message.objects.count() == 3


def test_an_external_id_is_imported_once_also_within_a_file(write):
    path = write("external_id,body\n1,first\n1,again\n2,second\n")
    assert run(path) == (2, 1, 0)
    assert run(path) == (0, 3, 0)
    assert run(path, "--source", "elsewhere") == (2, 1, 0)


def test_a_ticket_that_came_from_the_source_in_another_way_is_left_alone(write, erin):
    Ticket.objects.open(erin, "by API", channel="api", source="shop", external_id="5")
    assert run(write("external_id,body\n5,help\n6,help\n"), "--source", "shop") == (1, 1, 0)


def test_the_second_run_skips_across_batches(write, monkeypatch):
    monkeypatch.setattr(importer, "BATCH_ROWS", 7)
    path = write("thread,body\n" + "".join(f"{i % 10},text {i % 4}\n" for i in range(100)))
    assert run(path) == (100, 0, 0)
    assert Ticket.objects.count() == 10
    assert run(path) == (0, 100, 0)


def test_a_dry_run_counts_the_same_and_writes_nothing(write, tmp_path):
    path = write("external_id,body,category\n1,a,new tag\n1,b,\n2,c,\n3,,\n")
    assert run(path, "--dry-run") == (2, 1, 1)
    assert not Ticket.objects.exists() and not Customer.objects.exists() and not Tag.objects.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["export.csv"]
    assert run(path) == (2, 1, 1)


def test_json_lines_carry_numbers_lists_and_missing_fields(write):
    path = write(
        jsonl(
            {"body": "one", "external_id": 7, "tags": ["a", "b "], "created_at": 1706932800},
            {"body": "two", "subject": None, "tags": "c; d", "extra": {"ignored": True}},
        ),
        "export.jsonl",
    )
    assert run(path) == (2, 0, 0)
    one = Ticket.objects.get(external_id="7")
    assert one.created == datetime(2024, 2, 3, 4, tzinfo=UTC)
    assert sorted(one.tags.values_list("name", flat=True)) == ["a", "b"]
    assert sorted(Ticket.objects.get(subject="two").tags.values_list("name", flat=True)) == ["c", "d"]


def test_html_is_kept_as_html_with_a_readable_subject(write):
    run(write('body\n"<html><body><p>My <b>card</b> is gone</p></body></html>"\n'))
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.messages.get().format) == ("My card is gone", Message.Format.HTML)


def test_capitals_in_column_names_do_not_matter(write):
    run(write("Subject;Body;E-Mail\nHi;Hello;gus@example.com\n"), "--map", "email=e-mail")
    assert Ticket.objects.get().customer.email == "gus@example.com"


def test_one_signal_a_batch_tells_of_new_and_of_continued_tickets(
    write, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(importer, "BATCH_ROWS", 2)
    opened, changed = [], []
    hear_opened = lambda ticket_ids, **_: opened.append(len(ticket_ids))  # noqa: E731
    hear_changed = lambda ticket_ids, what, **_: changed.append((len(ticket_ids), what))  # noqa: E731
    ticket_opened.connect(hear_opened)
    ticket_changed.connect(hear_changed)
    with django_capture_on_commit_callbacks(execute=True):
        run(write("thread,body\nA,1\nB,2\nC,3\nA,4\n"))
    assert opened == [2, 1] and changed == [(1, ("message",))]


def test_a_batch_takes_a_fixed_number_of_statements(write, django_assert_max_num_queries):
    rows = "".join(f"u{i}@example.com,text {i},billing,t{i % 5}\n" for i in range(40))
    path = write("email,body,category,tags\n" + rows)
    with django_assert_max_num_queries(32):
        run(path)
    assert Ticket.objects.filter(category=Category.objects.get(slug="billing")).count() == 40


def test_a_customer_is_known_since_their_earliest_row(write):
    run(write("body,email,created_at\nlater,zoe@example.com,2024-03-02T10:00:00Z\n"))
    zoe = Customer.objects.get()
    assert zoe.created == datetime(2024, 3, 2, 10, tzinfo=UTC)
    rows = (
        "body,email,created_at\n"
        "first,zoe@example.com,2023-01-05T10:00:00Z\n"
        "last,zoe@example.com,2024-05-01T10:00:00Z\n"
    )
    run(write(rows, "older.csv"))
    zoe.refresh_from_db()
    assert zoe.created == datetime(2023, 1, 5, 10, tzinfo=UTC)
