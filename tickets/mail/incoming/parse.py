"""The bytes of a mail read into what Collie keeps of it. No database and no network: what it says is all there is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from django.utils.translation import gettext as _

from tickets.mail.addresses import without_tag
from tickets.mail.incoming import body as parts
from tickets.mail.incoming import headers
from tickets.mail.incoming.automatic import Automatic, automatic
from tickets.mail.incoming.body import File
from tickets.mail.incoming.bounces import Bounce, bounce
from tickets.mail.incoming.quotes import fold
from tickets.mail.incoming.trust import trust

LONGEST_TEXT = 100_000  # characters of the new text, and of the folded one
_ARRIVED_FOR = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc", "Resent-To")


class Unreadable(Exception):
    """Nobody can make a message of this mail; the text says why."""


@dataclass(frozen=True)
class ParsedMail:
    """`text` is what is new in it and `folded` the quotes and signature below; `recipients` are all addresses that it
    may have come by. `trust` is a Message.Trust, `reply_to` differs from `sender` only in its tag."""

    header_id: str
    references: tuple[str, ...]
    sender: str
    sender_name: str
    reply_to: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    folded: str
    files: tuple[File, ...]
    remarks: tuple[str, ...]
    automatic: Automatic
    bounce: Bounce | None
    trust: str


@dataclass(frozen=True)
class Envelope:
    """What of a mail is known even when the rest cannot be read."""

    key: str
    header_id: str
    sender: str
    subject: str


def envelope(raw: bytes) -> Envelope:
    """Who, what and the key by which a second delivery is known: of Message-ID, sender, subject, date and body, but
    not of what servers add on the way. Never raises."""
    try:
        mail = message_from_bytes(raw.partition(b"\r\n\r\n")[0][:200_000] if b"\r\n\r\n" in raw else raw[:200_000])
        sender = next(iter(headers.addresses(mail, "From")), ("", ""))[1]
        known = [next(iter(headers.ids(mail, "Message-ID")), ""), sender]
        known += [headers.text(mail, name) for name in ("Subject", "Date")]
    except Exception:  # broken headers of any kind: then the bytes alone say which mail it is
        known, sender = ["", "", "", ""], ""
    unified = re.sub(rb"\r\n?", b"\n", raw)
    content = unified.partition(b"\n\n")[2].strip() if any(known) else unified
    digest = hashlib.sha256("\0".join(known).encode("utf-8", "replace") + b"\0" + content)
    return Envelope(digest.hexdigest(), known[0][:250], sender[:320], known[2][:300])


def parse(raw: bytes, trusted_host: str) -> ParsedMail:
    """Raises Unreadable for what is no mail, or has no sender to answer."""
    try:
        mail = message_from_bytes(raw, policy=compat32)
        return _parsed(mail, trusted_host)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:300]) from error


def _parsed(mail: Message, trusted_host: str) -> ParsedMail:
    if not mail.keys():
        raise Unreadable(_("It has no headers."))
    name, sender = next(iter(headers.addresses(mail, "From", "Sender")), ("", ""))
    subject = headers.text(mail, "Subject")[:1000]
    body = parts.read(mail)
    text, folded = _text(body)
    came_back = bounce(mail, sender, subject, "\n".join([text, folded]))
    if not sender and came_back is None:
        raise Unreadable(_("It names no sender that could be answered."))
    remarks = list(body.remarks)
    if len(text) > LONGEST_TEXT:
        remarks.append(_("The text was longer than is shown; the original has all of it."))
    return ParsedMail(
        header_id=next(iter(headers.ids(mail, "Message-ID")), "")[:250],
        references=_references(mail),
        sender=sender,
        sender_name=name,
        reply_to=_reply_to(mail, sender),
        recipients=tuple(dict.fromkeys(address for _n, address in headers.addresses(mail, *_ARRIVED_FOR))),
        subject=subject,
        text=text[:LONGEST_TEXT],
        folded=folded[:LONGEST_TEXT],
        files=tuple(body.files),
        remarks=tuple(remarks),
        automatic=automatic(mail, sender, subject),
        bounce=came_back,
        trust=trust(mail, sender, trusted_host),
    )


def _text(body: parts.Body) -> tuple[str, str]:
    """What is new, and the quotes, of all parts together. A mail that only forwards or invites says that."""
    new, rest = [], []
    for text, quoted in body.texts:
        fresh, below = fold(text.strip("\n"))
        new.append(fresh)
        rest += [below, quoted]
    joined = "\n\n".join(text for text in new if text.strip())
    if not joined.strip():
        joined, rest = "\n\n".join(text for text in rest if text.strip()), []
    extra = [f"---------- {_('Forwarded message')} ----------\n{text}" for text in body.forwarded]
    if not joined.strip():
        extra += body.invitations
    joined = "\n\n".join(text for text in [joined, *extra] if text.strip())
    return joined.strip("\n"), "\n\n".join(text for text in rest if text.strip())


def _references(mail: Message) -> tuple[str, ...]:
    """Message-IDs of what it answers, the nearest first."""
    found = headers.ids(mail, "In-Reply-To") + headers.ids(mail, "References")[::-1]
    return tuple(dict.fromkeys(found))


def _reply_to(mail: Message, sender: str) -> str:
    """The sender's own address with another tag, where they ask for that (another help desk does). Any other
    Reply-To is not followed: it would send answers meant for one person to whomever a forger names."""
    wanted = next(iter(headers.addresses(mail, "Reply-To")), ("", ""))[1]
    return wanted if wanted and without_tag(wanted) == without_tag(sender) else sender
