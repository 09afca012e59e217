"""The environment Collie is configured by: one table, read once, checked before anything starts.

Every variable is a :class:`Variable` in :data:`VARIABLES`; `read` turns a mapping of strings into typed values and
raises :class:`BadValue` with a sentence that names the variable. Empty strings count as unset, so that a line
such as ``RELAY_PROXY=`` in a file means "the default".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config import mail


class BadValue(ValueError):
    """A variable holds what Collie cannot use; the message is a sentence for the operator."""


DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")
HTTP = ("http", "https")


@dataclass(frozen=True)
class Variable:
    """One environment variable: how it is read, what it is without, and what it is for."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    help: str
    secret: bool = False  # may hold a password: never repeated in a message


def flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be 1 or 0")


def words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def whole(minimum: int, maximum: int = 1_000_000) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not minimum <= number <= maximum:
            raise ValueError(f"must be from {minimum} to {maximum}")
        return number

    return parse


def usd(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be an amount in USD such as 50 or 12.50") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("must be an amount in USD of 0 or more")
    return amount


def url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        parts = urlsplit(text.strip())
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError(f"must be an address starting with {' or '.join(s + '://' for s in schemes)}")
        return text.strip().rstrip("/") if "http" in schemes else text.strip()

    return parse


def relay_address(text: str) -> str:
    address = url(*HTTP)(text)
    if "@" in urlsplit(address).netloc:
        raise ValueError("must not hold a user name or password: the key goes into RELAY_API_KEY")
    return address


def origins(text: str) -> tuple[str, ...]:
    listed = words(text)
    for origin in listed:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("must list origins with their scheme, such as https://help.example.com")
    return listed


def folder(text: str) -> str:
    """The folder may still have to be made, but not the one it is in."""
    path = Path(text)
    if not path.is_absolute() or not path.parent.is_dir() or (path.exists() and not path.is_dir()):
        raise ValueError("must be the absolute path of a folder inside one that exists")
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")
        return text

    return parse


def existing_file(text: str) -> str:
    if not Path(text).is_file():
        raise ValueError("must be the path of a readable file")
    return text


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "SECRET_KEY", str, "", "Signs sessions and links. Unset: made once and kept in var/secret_key.", secret=True
    ),
    Variable("DEBUG", flag, False, "Django's debug pages. Never in production."),
    Variable("SITE_URL", url(*HTTP), "", "Public address. https turns on secure cookies, redirect, HSTS."),
    Variable("HSTS_INCLUDE_SUBDOMAINS", flag, False, "With https: browsers ask for https at all its subdomains too."),
    Variable(
        "HSTS_PRELOAD", flag, False, "With the line above: browsers may list the domain as https only, for good."
    ),
    Variable(
        "ALLOWED_HOSTS",
        words,
        (),
        "Host names served, comma separated. Loopback names and SITE_URL's always.",
    ),
    Variable("CSRF_TRUSTED_ORIGINS", origins, (), "Further origins that may post and open websockets."),
    Variable("CORS_ALLOWED_ORIGINS", origins, (), "Origins whose scripts may call the REST API. Unset: none."),
    Variable(
        "DATABASE_URL",
        url(*DATABASE_SCHEMES),
        "",
        "postgres://… or sqlite:///path. Unset: var/collie.sqlite3.",
        secret=True,
    ),
    Variable(
        "REDIS_URL", url("redis", "rediss"), "", "Shared channel layer and cache. Unset: in memory.", secret=True
    ),
    Variable(
        "CELERY_BROKER_URL",
        url("redis", "rediss", "amqp", "amqps"),
        "",
        "Set: Celery carries the triage chunks.",
        secret=True,
    ),
    Variable(
        "RELAY_BASE_URL", relay_address, "https://api.holysheep.ai/v1", "OpenAI-compatible base address.", secret=True
    ),
    Variable("RELAY_API_KEY", str, "", "Bearer key of the relay. Lives in the environment only.", secret=True),
    Variable("RELAY_RPM", whole(1), 60, "Requests a minute the relay allows."),
    Variable(
        "RELAY_STREAM_RPM",
        whole(1),
        None,
        "A limit of its own for interactive calls. Unset: they share RELAY_RPM.",
    ),
    Variable("RELAY_PROXY", url(*HTTP), "", "Proxy for calls to the relay.", secret=True),
    Variable(
        "RELAY_CA_BUNDLE",
        existing_file,
        "",
        "PEM file with the certificate authorities to trust for the relay.",
    ),
    Variable("RELAY_ALLOW_PRIVATE", flag, False, "Let configurable URLs reach private addresses."),
    Variable("TRIAGE_MODEL", str, "deepseek-v3.2", "Model that classifies."),
    Variable("TRIAGE_BATCH_SIZE", whole(1, 100), 20, "Tickets in one request."),
    Variable("TRIAGE_BODY_CHARS", whole(50, 100_000), 1000, "Characters of a ticket's text that the model sees."),
    Variable("TRIAGE_CONCURRENCY", whole(1, 64), 4, "Requests in flight at once, for each run."),
    Variable("DRAFT_MODEL", str, "gpt-4.1", "Model that drafts replies."),
    Variable("DRAFT_MAX_STREAMS", whole(1, 1000), 120, "Drafts streamed at once by one web process."),
    Variable("MONTHLY_BUDGET_USD", usd, None, "All AI spending in a calendar month (UTC). Unset: no limit."),
    Variable("USER_DAILY_BUDGET_USD", usd, None, "AI spending of one person in a day (UTC). Unset: no limit."),
    Variable(
        "EMAIL_URL",
        mail.outgoing,
        None,
        "Where mail leaves: smtp://user:password@host:587/?tls=1, smtps://…, file:///folder, console:. Unset: none.",
        secret=True,
    ),
    Variable("MAIL_FROM", mail.sender, "support@localhost", "Address that mail comes from, with or without a name."),
    Variable("MAIL_REPLY_TAG", flag, True, "Answers go to support+t12.…@. 0 where + in an address does not work."),
    Variable("INBOUND_MAIL_URL", mail.inbound, None, "Mailbox read: imaps://user:password@host/INBOX.", secret=True),
    Variable("MAIL_AUTH_HOST", str, "", "Server whose Authentication-Results are trusted, such as mx.example.com."),
    Variable("SUPPORT_NAME", str, "Support", "What customers call you: on public pages and in mails."),
    Variable("CUSTOMER_LINK_DAYS", whole(1, 365), 30, "Days for which a customer's link to a ticket works."),
    Variable("CONFIRM_TICKETS", flag, True, "Mail customers a link to each ticket they open by form or mail."),
    Variable("NOTIFY_MAIL_MINUTES", whole(0, 1440), 5, "Minutes unseen before a notification is mailed as well."),
    Variable("MEDIA_ROOT", folder, "", "Folder of attachments, shared by all machines. Unset: var/media."),
    Variable("ATTACHMENT_MAX_MB", whole(1, 1024), 25, "Largest file that can be attached, in MB."),
    Variable(
        "RETAIN_DRAFTS_DAYS", whole(1, 3650), 90, "Days after which texts of AI work that nobody sent are purged."
    ),
    Variable("AI_ENABLED", flag, True, "The kill switch: 0 and no call leaves."),
    Variable("REQUIRE_ADMIN_2FA", flag, False, "Let admins into /admin/ only with a second step of login."),
    Variable(
        "METRICS_TOKEN", str, "", "Bearer token of /metrics. Unset: it answers this machine alone.", secret=True
    ),
    Variable("LOG_FORMAT", one_of("line", "json"), "line", "Logs as lines for people, or as JSON for machines."),
    Variable("SENTRY_DSN", url(*HTTP), "", "Where errors are reported to, without message texts.", secret=True),
)


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return every variable's typed value by name.

    Raises:
        BadValue: with one sentence naming the first variable that cannot be used and what it must be.
    """
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = environ.get(variable.name, "").strip()
        try:
            values[variable.name] = variable.parse(text) if text else variable.default
        except ValueError as error:
            shown = "" if variable.secret else f", not {text!r}"
            raise BadValue(f"{variable.name} {error}{shown}.") from None
    return values
