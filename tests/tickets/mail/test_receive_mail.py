"""`receive_mail`, as a mail server's pipe calls it: its exit codes, and that it never loses a mail."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from tests.tickets.mail.talk import letter
from tickets.mail.incoming import store
from tickets.models import Message, ReceivedMail


def pipe(monkeypatch, raw: bytes, capsys) -> str:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    call_command("receive_mail")
    return capsys.readouterr().out.strip()


@pytest.mark.django_db
def test_it_stores_says_where_and_knows_what_it_has(monkeypatch, capsys):
    raw = letter("Where is it?").as_bytes()
    assert pipe(monkeypatch, raw, capsys) == f"stored ticket={store.Ticket.objects.get().pk}"
    assert pipe(monkeypatch, raw, capsys) == "duplicate"
    assert pipe(monkeypatch, b"rubbish", capsys) == "unreadable"
    assert Message.objects.count() == 1 and ReceivedMail.objects.count() == 2


@pytest.mark.django_db
def test_a_pipe_without_a_mail_is_refused_for_good(monkeypatch, capsys):
    with pytest.raises(CommandError) as refused:
        pipe(monkeypatch, b" \n", capsys)
    assert refused.value.returncode == 65


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", [OperationalError("database is locked"), OSError("no space left on device")])
def test_trouble_that_passes_asks_the_mail_server_to_come_again(trouble, monkeypatch, capsys):
    def fail(*_args):
        raise trouble

    raw = letter("Where is it?").as_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(store, "_stored", fail)
        with pytest.raises(CommandError) as refused:
            pipe(broken, raw, capsys)
    assert refused.value.returncode == 75 and str(trouble) in str(refused.value)
    assert not ReceivedMail.objects.exists()
    assert pipe(monkeypatch, raw, capsys).startswith("stored")


@pytest.mark.django_db
def test_a_mail_that_nothing_can_be_made_of_is_kept_all_the_same(monkeypatch, capsys):
    def fail(*_args):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(store, "_stored", fail)
    assert pipe(monkeypatch, letter("Hi").as_bytes(), capsys) == "unreadable"
    assert "a fault of ours" in ReceivedMail.objects.get().why


@pytest.mark.django_db
def test_a_mail_that_the_database_can_never_take_is_kept_and_asked_for_no_more(monkeypatch, capsys):
    def fail(*_args):
        connection.cursor().execute("SELECT " + "+".join("1" * 200_000))

    monkeypatch.setattr(store, "_message", fail)
    assert pipe(monkeypatch, letter("Hi").as_bytes(), capsys) == "unreadable"
    assert "OperationalError" in ReceivedMail.objects.get().why
