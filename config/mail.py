"""Addresses of mail servers, as EMAIL_URL and INBOUND_MAIL_URL give them.

EMAIL_URL: smtp://user:password@host:587/?tls=1, smtps://user:password@host, file:///folder, console:
INBOUND_MAIL_URL: imaps://user:password@host/FOLDER?move=Done, imap:// for a server on this machine.
Characters such as @ in a user name or password are percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SMTP_TIMEOUT = 30  # seconds
_BACKENDS = "django.core.mail.backends"


@dataclass(frozen=True)
class ImapAddress:
    """A folder of an IMAP server. `move` names the folder that a mail goes to once it is stored; "" leaves it."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str
    move: str

    @property
    def name(self) -> str:
        """What it is called in the database and in logs: without the password."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


def outgoing(text: str) -> dict[str, Any]:
    """The EMAIL_ settings of Django for an EMAIL_URL. Raises ValueError for what is none."""
    parts = urlsplit(text.strip())
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": f"{_BACKENDS}.console.EmailBackend"}
    if parts.scheme == "file" and parts.path.strip("/"):
        return {"EMAIL_BACKEND": f"{_BACKENDS}.filebased.EmailBackend", "EMAIL_FILE_PATH": unquote(parts.path)}
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must be like smtp://user:password@host:587/?tls=1, smtps://…, file:///folder or console:")
    query = _query(parts.query, {"tls"})
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "tickets.mail.outgoing.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and query.get("tls", "0") not in {"0", "false", "no"},
        "EMAIL_TIMEOUT": SMTP_TIMEOUT,
    }


def inbound(text: str) -> ImapAddress:
    """Raises ValueError for what is no INBOUND_MAIL_URL."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise ValueError("must be like imaps://user:password@host/INBOX")
    query = _query(parts.query, {"move"})
    tls = parts.scheme == "imaps"
    return ImapAddress(
        parts.hostname, parts.port or (993 if tls else 143), tls, unquote(parts.username),
        unquote(parts.password or ""), unquote(parts.path.strip("/")) or "INBOX", query.get("move", ""),
    )  # fmt: skip


def sender(text: str) -> str:
    """An address to send from, with or without a name: Support <support@example.com>."""
    address = parseaddr(text)[1]
    local, _, domain = address.rpartition("@")
    if not local or not domain or "+" in local or len(local) > 30 or any(c in text for c in "\r\n"):
        raise ValueError("must be an address such as Support <support@example.com>, without a + in it")
    return text.strip()


def _query(text: str, known: set[str]) -> dict[str, str]:
    given = dict(parse_qsl(text))
    if unknown := set(given) - known:
        raise ValueError(f"must not have a part named {min(unknown)}")
    return given
