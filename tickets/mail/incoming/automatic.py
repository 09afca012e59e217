"""Which mail a machine wrote, and which a person wrote but no machine may answer (RFC 3834, and what servers do)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from tickets.mail.incoming import headers

_MACHINES = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|daemon)(?:[+.@-]|$)")
_ABSENT = re.compile(
    r"^\W*(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|automatische antwort|"
    r"abwesenheits(?:notiz|nachricht|meldung)|r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|"
    r"fuera de (?:la )?oficina|risposta automatica|fuori sede|automatisch antwoord|autosvar|"
    r"resposta autom[áa]tica)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Automatic:
    """`answerable`: Collie may confirm such a mail. `by_machine`: no person wrote it, so it does not reopen a ticket.
    `why` names the header, for people."""

    answerable: bool
    by_machine: bool
    why: str = ""


def automatic(mail: Message, sender: str, subject: str) -> Automatic:
    if why := _machine(mail, sender, subject):
        return Automatic(answerable=False, by_machine=True, why=why)
    if why := _not_to_be_answered(mail):
        return Automatic(answerable=False, by_machine=False, why=why)
    return Automatic(answerable=True, by_machine=False)


def _machine(mail: Message, sender: str, subject: str) -> str:
    submitted = headers.value(mail, "Auto-Submitted").lower()
    if submitted and submitted.partition(";")[0].strip() != "no":
        return f"Auto-Submitted: {submitted[:60]}"
    for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From", "X-Mail-Autoreply"):
        if headers.value(mail, name).lower() not in {"", "no", "0", "false"}:
            return name
    precedence = headers.value(mail, "Precedence").lower()
    if precedence in {"auto_reply", "auto-reply", "junk"}:
        return f"Precedence: {precedence}"
    if any(path.strip() == "<>" for path in headers.values(mail, "Return-Path")):
        return "Return-Path: <>"
    if _MACHINES.match(sender):
        return f"From: {sender[:60]}"
    return "Subject" if _ABSENT.match(subject) else ""


def _not_to_be_answered(mail: Message) -> str:
    suppressed = {word.strip() for word in headers.value(mail, "X-Auto-Response-Suppress").lower().split(",")}
    if suppressed & {"all", "autoreply", "oof"}:
        return "X-Auto-Response-Suppress"
    if headers.value(mail, "Precedence").lower() in {"bulk", "list"}:
        return "Precedence"
    lists = ("List-Id", "List-Post", "List-Unsubscribe", "Feedback-ID", "X-Campaign")
    return next((name for name in lists if headers.value(mail, name)), "")
