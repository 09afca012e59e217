"""Reading a mailbox over IMAP: what is new or unread is stored, then marked as read, in that order.

A mail that was stored but not marked, since the connection broke in between, comes again and is a duplicate by then.
One that was cut off while it came was never whole, so it was not stored, and comes again too.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from imaplib import IMAP4
from typing import Protocol

from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted

from tickets.mail.incoming.store import receive
from tickets.models import Mailbox
from tickets.unreached import forget_connections

logger = logging.getLogger(__name__)

TIMEOUT = 60.0  # seconds without a word from the server
IDLE_SECONDS = 30.0  # shorter than a lease; servers that cannot tell us are asked this often
POLL = 1.0  # seconds between two looks at `stop`
_TROUBLE = (IMAP4.error, ImapToolsError, OSError, ValueError, UnicodeError)


class MailboxError(Exception):
    """The server cannot be reached or refuses; the text has its words."""


class Address(Protocol):
    """A mailbox as config/mail.py reads it from INBOUND_MAIL_URL."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str
    move: str

    @property
    def name(self) -> str: ...


def fetch(address: Address) -> int:
    """Store what is in the mailbox now; returns how many mails were read. Raises MailboxError."""
    with _reading(address) as (box, row):
        return _fetch(box, row, address) if box and row else 0


def watch(address: Address, stop: threading.Event) -> None:
    """Store what comes until `stop` is set, or for as long as the connection holds. Raises MailboxError."""
    with _reading(address) as (box, row):
        if box is None or row is None:  # another process reads it
            stop.wait(IDLE_SECONDS)
            return
        while not stop.is_set():
            _fetch(box, row, address)
            if not row.keep(timezone.now(), words="", checked=timezone.now()):
                return
            _wait(box, stop)


@contextmanager
def _reading(address: Address) -> Iterator[tuple[BaseMailBox | None, Mailbox | None]]:
    """A connection with the folder open and our lease on its row; (None, None) where another process has it."""
    row = Mailbox.claim(address.name, timezone.now())
    if row is None:
        yield None, None
        return
    try:
        kind = MailBox if address.tls else MailBoxUnencrypted
        options = {"ssl_context": ssl.create_default_context()} if address.tls else {}
        box = kind(address.host, address.port, timeout=TIMEOUT, **options)
        try:
            box.login(address.user, address.password, initial_folder=address.folder)
            # Many servers tell only after the login all that they can do.
            told = box.client.capability()[1][-1] or b""
            box.client.capabilities = tuple(bytes(told).decode("ascii", "replace").upper().split())
            yield box, row
        finally:
            _leave(box)
    except _TROUBLE as error:
        words = " ".join(str(error).split()).replace(address.password or "\0", "…")[:500]
        row.keep(timezone.now(), words=words or type(error).__name__)
        raise MailboxError(f"{address.name}: {words}") from error
    except (DatabaseError, InterfaceError):
        forget_connections()  # else the lease cannot be given back, and nobody reads until it ends
        raise
    finally:
        row.release(timezone.now())


def _leave(box: BaseMailBox) -> None:
    try:
        box.client.logout()
    except _TROUBLE:
        box.client.shutdown()


def _fetch(box: BaseMailBox, row: Mailbox, address: Address) -> int:
    _note_validity(box, row, address.folder)
    uids = {int(uid) for uid in box.uids("UNSEEN", charset=None)}
    # "n:*" names the last mail even where its number is below n
    uids |= {int(uid) for uid in box.uids(f"UID {row.last_uid + 1}:*", charset=None) if int(uid) > row.last_uid}
    read = 0
    for uid in sorted(uids):
        raw = _raw(box, uid)
        if raw is not None:
            receive(raw)
            read += 1
            _mark(box, uid, address.move)
        if not row.keep(timezone.now(), last_uid=max(uid, row.last_uid)):
            break  # another process has taken over
    return read


def _note_validity(box: BaseMailBox, row: Mailbox, folder: str) -> None:
    """At first sight, and when the server has numbered its mails anew: only what is unread, and all that is to come.
    A mailbox with years of read mail is not imported."""
    status = box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
    if row.uid_validity != status["UIDVALIDITY"]:
        row.keep(timezone.now(), uid_validity=status["UIDVALIDITY"], last_uid=max(status["UIDNEXT"] - 1, 0))


def _raw(box: BaseMailBox, uid: int) -> bytes | None:
    """The mail as the server has it, without marking it; None when somebody has deleted it meanwhile."""
    status, parts = box.client.uid("FETCH", str(uid), "(UID BODY.PEEK[])")
    if status != "OK":
        raise IMAP4.error(f"FETCH {uid}: {parts!r}")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)


def _mark(box: BaseMailBox, uid: int, move: str) -> None:
    """Read, and moved where that is wished. Not by the library's `flag` and `delete`, which also expunge what people
    of that mailbox have marked as deleted."""
    _store(box, uid, "\\Seen")
    if move and "MOVE" in box.client.capabilities:
        box.move(str(uid), move)
    elif move:
        box.copy(str(uid), move)
        _store(box, uid, "\\Deleted")
        if "UIDPLUS" in box.client.capabilities:
            box.client.uid("EXPUNGE", str(uid))


def _store(box: BaseMailBox, uid: int, flag: str) -> None:
    status, words = box.client.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flag})")
    if status != "OK":
        raise IMAP4.error(f"STORE {uid}: {words!r}")


def _wait(box: BaseMailBox, stop: threading.Event) -> None:
    """Until the server says that something came, or IDLE_SECONDS have passed."""
    if "IDLE" not in box.client.capabilities:
        stop.wait(IDLE_SECONDS)
        return
    deadline = time.monotonic() + IDLE_SECONDS
    box.idle.start()
    try:
        while not stop.is_set() and time.monotonic() < deadline:
            began = time.monotonic()
            if box.idle.poll(timeout=POLL) or time.monotonic() - began < POLL / 2:
                break  # news, or a connection that is gone, which `stop` below finds out
    finally:
        box.idle.stop()
