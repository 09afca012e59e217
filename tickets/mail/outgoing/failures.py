"""What went wrong when a mail was sent, in our terms: mapped here from smtplib and the operating system, once."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from enum import Enum

WORDS = 1000


class Fate(Enum):
    RETRY = "retry"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Failure:
    """What becomes of the mail, and the server's words."""

    fate: Fate
    words: str


def failure_of(error: Exception, *, in_doubt: bool) -> Failure:
    """`in_doubt`: the server may have taken the mail, since its answer to the text was not heard."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()), (0, b""))
        return Failure(_by_code(code), _words(code, text))
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        return Failure(_by_code(error.smtp_code), _words(error.smtp_code, error.smtp_error))
    if isinstance(error, (smtplib.SMTPException, OSError)):
        return Failure(Fate.UNCERTAIN if in_doubt else Fate.RETRY, _plain(error))
    return Failure(Fate.PERMANENT, _plain(error))  # what cannot be composed today cannot be tomorrow


def _by_code(code: int) -> Fate:
    return Fate.PERMANENT if 500 <= code < 600 else Fate.RETRY


def _words(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"{code} {' '.join(said.split())}"[:WORDS]


def _plain(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:WORDS]
