"""Reports that a mail of ours could not be delivered: RFC 3464, and the plain letters of older servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from tickets.mail.incoming import headers

WORDS = 1000
LOOKED_AT = 50_000  # characters of a plain letter
_ID = re.compile(r"<[^<>\s@]{1,120}@[^<>\s]{1,120}>")
_BOUNCERS = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)(?:@|$)")
_SUBJECTS = re.compile(
    r"undeliver|delivery (?:status notification|failure|has failed)|returned mail|mail delivery (?:failed|system)|"
    r"failure notice|nicht zugestellt|unzustellbar|non remis|no se ha podido entregar|mancato recapito",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Bounce:
    """`ids`: Message-IDs of the mail that came back, as far as it is told. `final`: it will not be tried again.
    `formal`: a program can read it, so it is no letter of a person that only looks like a report."""

    ids: tuple[str, ...]
    words: str
    final: bool
    formal: bool


def bounce(mail: Message, sender: str, subject: str, text: str) -> Bounce | None:
    """What a report of non-delivery says; None for any other mail. `text` is what people read in it."""
    statuses = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    if statuses:
        fields = [block for part in statuses for block in _blocks(part)]
        action = next((value for block in fields if (value := headers.value(block, "Action").lower())), "failed")
        if action in {"delivered", "relayed", "expanded"}:
            return None
        return Bounce(_original_ids(mail), _words(fields) or _beginning(text), final=action != "delayed", formal=True)
    empty_path = any(path.strip() == "<>" for path in headers.values(mail, "Return-Path"))
    failed = headers.value(mail, "X-Failed-Recipients")
    if failed or ((empty_path or _BOUNCERS.match(sender)) and _SUBJECTS.search(subject)):
        ids = _original_ids(mail) + tuple(_ID.findall(text[:LOOKED_AT]))
        return Bounce(ids, _beginning(text), final=True, formal=False)
    return None


def _blocks(part: Message) -> list[Message]:
    """The fields about the mail and about each recipient, which the parser gives as messages of their own."""
    payload = part.get_payload()
    return [block for block in payload if isinstance(block, Message)] if isinstance(payload, list) else []


def _original_ids(mail: Message) -> tuple[str, ...]:
    """Message-IDs of the mails inside the report: whole, or their headers alone."""
    found: list[str] = []
    for part in mail.walk():
        if part is mail or part.get_content_type() == "message/delivery-status":
            continue
        if part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            found += re.findall(r"(?im)^message-id:\s*(<[^<>\s]{1,248}>)", text)
        else:
            found += headers.ids(part, "Message-ID")
    return tuple(dict.fromkeys(found))


def _words(blocks: list[Message]) -> str:
    said = []
    for block in blocks:
        diagnostic = headers.text(block, "Diagnostic-Code").partition(";")
        status = headers.value(block, "Status")
        recipient = headers.value(block, "Final-Recipient").rpartition(";")[2].strip()
        text = diagnostic[2].strip() or diagnostic[0].strip()
        if text or (status and recipient):
            line = text if not status or status in text else f"{status} {text}".strip()
            said.append(f"{recipient}: {line}" if recipient else line)
    return " ".join("; ".join(said).split())[:WORDS]


def _beginning(text: str) -> str:
    return " ".join(text.split())[:300]
