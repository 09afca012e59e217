"""Files of messages: what is taken, who gets it, and that no browser runs it."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tickets.attachments import KEPT, AttachmentRefused, attach, forget_unsent, safe_name
from tickets.file_types import detect
from tickets.models import Attachment

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def upload(client, ticket, name="a.txt", data=b"some text", kind="reply", content_type="text/plain"):
    file = SimpleUploadedFile(name, data, content_type)
    return client.post(f"/tickets/{ticket.pk}/attachments/", {"kind": kind, "file": file})


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_reply_takes_the_files_that_were_uploaded_for_it_and_a_note_its_own(as_alice, alice, ticket):
    for name, kind in (("invoice.pdf", "reply"), ("second.txt", "reply"), ("internal.txt", "note")):
        assert upload(as_alice, ticket, name, kind=kind).status_code == 200
    every_id = [str(attachment.pk) for attachment in Attachment.objects.all()]
    page = as_alice.get(f"/tickets/{ticket.pk}/").content.decode()
    assert page.count('class="held-file"') == 3
    as_alice.post(f"/tickets/{ticket.pk}/reply/", {"body": "There.", "attachment": every_id})
    reply = ticket.messages.get(kind="reply")
    assert [attachment.name for attachment in reply.attachments.all()] == ["invoice.pdf", "second.txt"]
    as_alice.post(f"/tickets/{ticket.pk}/note/", {"note": "Look.", "attachment": every_id})
    note = ticket.messages.get(kind="note")
    assert [(a.name, a.uploaded_by, a.size) for a in note.attachments.all()] == [("internal.txt", alice, 9)]
    assert "invoice.pdf" in as_alice.get(f"/tickets/{ticket.pk}/").content.decode()


def test_files_come_along_with_the_form_where_there_are_no_scripts(as_alice, ticket):
    files = [SimpleUploadedFile("one.txt", b"1"), SimpleUploadedFile("two.txt", b"2")]
    as_alice.post(f"/tickets/{ticket.pk}/reply/", {"body": "Two.", "files_reply": files})
    assert ticket.messages.get(kind="reply").attachments.count() == 2
    refused = as_alice.post(
        f"/tickets/{ticket.pk}/reply/",
        {
            "body": "kept text",
            "files_reply": [SimpleUploadedFile("x.exe", b"MZ"), SimpleUploadedFile("ok.txt", b"3")],
        },
    )
    html = refused.content.decode()
    assert refused.status_code == 422 and "kept text" in html and "x.exe is a program" in html
    assert html.count('class="held-file"') == 1 and ticket.messages.filter(kind="reply").count() == 1


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("big.txt", b"x" * 1001, "at most 1000"),
        ("empty.txt", b"", "empty"),
        ("run.JS", b"alert(1)", "a program or a script"),
        ("renamed.txt", b"\x7fELF\x02", "a program or a script"),
    ],
)
def test_what_is_not_taken_is_refused_with_a_sentence(name, data, sentence, as_alice, ticket, settings):
    settings.ATTACHMENT_MAX_BYTES = 1000
    response = upload(as_alice, ticket, name, data)
    assert response.status_code == 422 and sentence in response.json()["error"].replace("\xa0", " ")
    assert not Attachment.objects.exists()


def test_a_download_is_kept_and_never_opened_in_our_name(as_alice, alice, ticket):
    for name, data, claimed in (
        ("evil.svg", SVG, "image/svg+xml"),
        ("page.html", b"<html><script>alert(1)</script>", "text/html"),
        ("fake.png", SVG, "image/png"),
    ):
        attachment = attach(ticket.note(alice, name), name, data, claimed, uploaded_by=alice)
        response = as_alice.get(attachment.get_absolute_url())
        assert response["Content-Type"] == "application/octet-stream" and body(response) == data
        assert response["Content-Disposition"].startswith("attachment")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response["Content-Security-Policy"] and not attachment.is_picture
    picture = attach(ticket.note(alice, "p"), "p.gif", io.BytesIO(PNG), "text/html")
    response = as_alice.get(picture.get_absolute_url())
    assert response["Content-Type"] == "image/png" and response["Content-Disposition"].startswith("attachment")


def test_only_who_sees_the_ticket_gets_its_files_and_only_their_owner_those_not_sent(
    as_alice, as_bob, client, alice, ticket, support
):
    sent = attach(ticket.note(alice, "n"), "n.txt", b"text")
    upload(as_alice, ticket)
    waiting = Attachment.objects.get(message=None)
    assert as_bob.get(sent.get_absolute_url()).status_code == 200
    assert as_bob.get(waiting.get_absolute_url()).status_code == 404
    assert as_bob.post(f"{waiting.get_absolute_url()}remove/").status_code == 204
    assert Attachment.objects.filter(pk=waiting.pk).exists()
    ticket.move(alice, support)
    assert as_bob.get(sent.get_absolute_url()).status_code == 404
    assert upload(as_bob, ticket).status_code == 404
    assert client.get(sent.get_absolute_url()).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_with_its_row(as_alice, alice, ticket):
    upload(as_alice, ticket)
    (waiting,) = Attachment.objects.all()
    path = waiting.file.path
    assert "a.txt" not in path
    as_alice.post(f"{waiting.get_absolute_url()}remove/")
    assert not Attachment.objects.exists() and not waiting.file.storage.exists(path)
    upload(as_alice, ticket)
    forget_unsent(timezone.now())
    assert Attachment.objects.count() == 1
    forget_unsent(timezone.now() + KEPT * 2)
    assert not Attachment.objects.exists()


def test_a_message_has_only_so_many(alice, ticket, monkeypatch):
    monkeypatch.setattr("tickets.attachments.MOST", 1)
    note = ticket.note(alice, "n")
    attach(note, "1.txt", b"1")
    with pytest.raises(AttachmentRefused, match="at most 1 attachments"):
        attach(note, "2.txt", b"2")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\bill.pdf", "bill.pdf"),
        ("gp\u202ej.exe", "gpj.exe"),
        ("a\nb\0.txt", "ab.txt"),
        ("  .. ", "unnamed"),
        ("x" * 300 + ".pdf", "x" * 197 + ".pdf"),
    ],
)
def test_names_are_made_harmless(given, kept):
    assert safe_name(given) == kept


def test_a_type_is_what_the_bytes_say():
    assert detect(b"\xff\xd8\xff\xe0") == "image/jpeg" and detect(b"RIFF0000WEBPVP8 ") == "image/webp"
    assert detect("gr\u00fc\u00df".encode()[:5]) == "text/plain" and detect(b"\0\1") == "application/octet-stream"
    assert detect(b"<?xml version='1.0'?><a/>") == "application/xml" and detect(SVG) == "image/svg+xml"
