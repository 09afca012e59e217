"""A customer's data: handed out whole, and gone whole."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from assistant.models import Draft, RelayCall, TriageItem, TrialAnswer
from assistant.retention import purge_old_texts
from assistant.triage import runs
from tickets.attachments import attach
from tickets.models import (
    Attachment,
    Category,
    Customer,
    LetterRequest,
    Message,
    Notification,
    OutgoingMail,
    ReceivedMail,
    Ticket,
    TicketWords,
)
from tickets.privacy import erase as erasing
from tickets.privacy.kept import BY_ADDRESS, reach, rows_of
from tickets.search import search

pytestmark = pytest.mark.django_db
SECRET = "zebrafish"


@pytest.fixture
def rich(erin, alice, carol) -> Ticket:
    """A ticket of Erin's with something in every table that knows of tickets."""
    ticket = Ticket.objects.open(erin, f"My {SECRET} is ill.", subject=f"About the {SECRET}")
    attach(ticket.messages.get(), "picture.txt", SECRET.encode())
    ticket.label(alice, category=Category.objects.get(slug="billing"), priority="high")
    ticket.note(alice, f"{SECRET} again")
    reply = ticket.reply(alice, f"Give the {SECRET} water.")
    call = RelayCall.objects.create(kind="draft", model="m", cost="0.5", error=f"bad prompt: {SECRET}", user=alice)
    Draft.objects.create(ticket=ticket, author=alice, model="m", text=SECRET, call=call, state="done")
    LetterRequest.objects.create(kind="links", email=erin.email)
    Notification.objects.create(person=alice, kind="replied", ticket=ticket, message=reply)
    raw = ReceivedMail.pack(b"Subject: " + SECRET.encode())
    ReceivedMail.objects.create(key="k1", outcome="stored", sender=erin.email, ticket=ticket, packed=raw)
    ReceivedMail.objects.create(key="k2", outcome="unreadable", sender="ERIN@example.com", subject=SECRET)
    OutgoingMail.queue("confirmation", erin.email, SECRET)
    run = runs.create_run(Ticket.objects.all(), user=carol)
    item = TriageItem.objects.get(run=run)
    category = Category.objects.get(slug="sales")
    TrialAnswer.objects.create(item=item, category=category, priority="low", confidence=1, reason=SECRET)
    return ticket


@pytest.fixture
def other(bob) -> Ticket:
    """Somebody else's ticket, which has nothing to fear."""
    frank = Customer.objects.create(email="frank@example.com", name="Frank")
    ticket = Ticket.objects.open(frank, "Mine is well.")
    attach(ticket.messages.get(), "mine.txt", b"mine")
    OutgoingMail.queue("confirmation", frank.email, "Hello")
    return ticket


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


def counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in reach()}


def tables_with(*words: str) -> list[str]:
    """The tables that hold one of the words, in whatever column; but for SQLite's own blocks of its search index,
    where words that nothing leads to any more go with the next merge."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            if not table.endswith("_data"):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                text = repr(cursor.fetchall()).lower()
                found += [table for word in words if word in text]
    return found


def test_an_export_holds_every_row_the_files_and_the_mails(desk, rich, other, erin, carol):
    answer = desk.post(reverse("admin:tickets_customer_export", args=[erin.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="customer-{erin.pk}.zip"'
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    tables = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    assert tables["customer.json"][0]["email"] == "erin@example.com"
    assert [row["subject"] for row in tables["ticket.json"]] == [f"About the {SECRET}"]
    assert {row["author"] for row in tables["message.json"]} == {None, "Alice"}
    for model, rows in rows_of(erin).items():
        assert len(tables[f"{model._meta.model_name}.json"]) == rows.count()
    assert len(tables["receivedmail.json"]) == len(tables["outgoingmail.json"]) == 2
    attachment, mail = Attachment.objects.get(ticket=rich), ReceivedMail.objects.get(key="k1")
    assert archive.read(f"attachments/{attachment.pk}") == SECRET.encode()
    assert archive.read(f"originals/{mail.pk}.eml").endswith(SECRET.encode())
    assert b"frank" not in b"".join(archive.read(name) for name in archive.namelist()).lower()
    entry = carol.logentry_set.get()
    assert (entry.object_id, entry.object_repr) == (str(erin.pk), "")


def test_what_is_kept_of_a_ticket_is_asked_of_the_models():
    """A new table with a key to tickets is in exports and erasures by itself; this list is for people to read."""
    names = {model.__name__ for model in reach()}
    assert names >= {"Message", "Attachment", "Classification", "TicketEvent", "Draft", "TriageItem", "TrialAnswer",
                     "OutgoingMail", "ReceivedMail", "Notification", "UnsentText", "Ticket_tags"}  # fmt: skip
    assert set(BY_ADDRESS) == {OutgoingMail, ReceivedMail, LetterRequest}


@pytest.mark.django_db(transaction=True)
def test_an_erased_customer_is_nowhere_any_more_and_nobody_else_is_touched(desk, rich, other, erin, carol):
    path = Attachment.objects.get(ticket=rich).file.path
    desk.post(reverse("admin:tickets_customer_change", args=[erin.pk]), {"email": erin.email, "name": "Erin Zebra"})
    article = {"kind": "article", "id": rich.pk, "title": "A"}
    sources = [{"kind": "ticket", "id": rich.pk, "title": SECRET}, article]
    leaning = Draft.objects.create(ticket=other, model="m", state="done", text="ok", sources=sources)
    before = counts()
    page = desk.get(reverse("admin:tickets_customer_data", args=[erin.pk])).content.decode()
    assert "Tickets: 1" in page and "Received mail: 2" in page
    answer = desk.post(reverse("admin:tickets_customer_data", args=[erin.pk]), {"address": " Erin@example.com "})
    assert answer["Location"] == reverse("admin:tickets_customer_changelist")
    assert tables_with(SECRET, "erin@", "erin example", "erin zebra") == []
    assert before["Ticket"] == 2 and counts()["Ticket"] == 1 and counts()["Message"] == 1
    assert other.messages.count() == other.attachments.count() == 1
    leaning.refresh_from_db()
    assert leaning.sources == [article]
    assert not Attachment.objects.filter(ticket=rich.pk).exists()
    assert not Path(path).exists() and Path(other.attachments.get().file.path).exists()
    call = RelayCall.objects.get()
    assert (str(call.cost), call.error) == ("0.5000000000", "")
    assert not TicketWords.objects.filter(pk=rich.pk).exists() and not search(Ticket.objects.all(), SECRET).exists()
    assert LogEntry.objects.filter(object_id=str(erin.pk), change_message="Erased with everything.").count() == 1


def test_nothing_is_erased_by_a_slip_or_by_an_agent(desk, rich, erin, alice):
    address = reverse("admin:tickets_customer_data", args=[erin.pk])
    answer = desk.post(address, {"address": "frank@example.com"})
    assert answer.status_code == 422 and "Nothing was erased" in answer.content.decode()
    assert desk.get(reverse("admin:tickets_customer_export", args=[erin.pk])).status_code == 405
    desk.force_login(alice)
    for name in ("data", "export"):
        url = reverse(f"admin:tickets_customer_{name}", args=[erin.pk])
        assert desk.post(url, {"address": erin.email}).status_code == 302
    assert Message.objects.filter(ticket=rich).exists()


def test_more_tickets_than_one_go_can_take_are_erased_in_several(desk, erin, monkeypatch):
    for number in range(5):
        Ticket.objects.open(erin, f"Ticket {number}")
    monkeypatch.setattr(erasing, "TICKETS", 2)
    assert erasing.erase(erin, most=4) == 1 and Customer.objects.filter(pk=erin.pk).exists()
    assert erasing.erase(erin, most=4) == 0 and not Customer.objects.filter(email="erin@example.com").exists()


def test_old_texts_of_ai_work_are_purged_and_figures_stay(rich, alice, settings):
    settings.RETAIN_DRAFTS_DAYS = 30
    sent = Draft.objects.create(
        ticket=rich, author=alice, model="m", text="sent", instruction=SECRET, state="sent", edited=0.5
    )
    unsent = Draft.objects.exclude(pk=sent.pk).get()
    answer = TrialAnswer.objects.get()
    TriageItem.objects.update(error_code="relay_error", reason=SECRET)
    later = timezone.now() + timedelta(days=29)
    assert purge_old_texts(later) == 0
    assert purge_old_texts(later + timedelta(days=2)) > 0
    for row in (sent, unsent, answer):
        row.refresh_from_db()
    assert (unsent.text, unsent.instruction, unsent.sources, unsent.state) == ("", "", None, "discarded")
    assert (sent.text, sent.instruction, sent.edited, sent.state) == ("sent", "", 0.5, "sent")
    assert answer.reason == TriageItem.objects.get().reason == RelayCall.objects.get().error == ""
    assert RelayCall.objects.get().cost and rich.messages.filter(body__contains=SECRET).count() == 3
    assert purge_old_texts(later + timedelta(days=3)) == 0


def test_a_draft_that_is_being_written_is_never_purged(rich):
    Draft.objects.update(state="streaming", created=F("created") - timedelta(days=1000))
    purge_old_texts(timezone.now())
    assert Draft.objects.get().text == SECRET


def test_the_purge_is_one_of_the_periodic_jobs(settings):
    assert settings.PERIODIC_JOBS["purge-old-texts"][0] == "assistant.retention.purge_old_texts"
