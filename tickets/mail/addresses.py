"""Our own address, and the signed tags in it: support+t12.k3x…@ takes an answer to ticket 12, support+b7.…@ a bounce
of outgoing mail 7.

A tag is made with the secret key, 80 bits of HMAC in base32, so that nobody can write into a ticket by counting.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.utils.crypto import salted_hmac

TICKET, BOUNCE = "t", "b"
_SIGNATURE_BYTES = 10
_TAG = re.compile(r"^(?P<kind>[tb])(?P<id>[1-9][0-9]{0,17})\.(?P<signature>[a-z2-7]{16})$")


@dataclass(frozen=True)
class Tag:
    """What a valid tag names: a ticket or an outgoing mail."""

    kind: str
    id: int


def own_address() -> str:
    return parseaddr(settings.MAIL_FROM)[1].lower()


def shown_sender() -> str:
    """The From line: the name in MAIL_FROM, else what customers call us."""
    name, address = parseaddr(settings.MAIL_FROM)
    return formataddr((name or settings.SUPPORT_NAME, address))


def is_own(address: str) -> bool:
    """Whether mail to `address`, whatever its tag, comes to us."""
    return without_tag(address) == own_address()


def without_tag(address: str) -> str:
    """`address` in lower case without what follows a + before the @."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def reply_address(ticket_id: int) -> str:
    """Where an answer to the ticket goes: a tagged address, or the plain one where MAIL_REPLY_TAG is off."""
    return _tagged(TICKET, ticket_id) if settings.MAIL_REPLY_TAG else own_address()


def bounce_address(mail_id: int) -> str:
    """The envelope sender of an outgoing mail."""
    return _tagged(BOUNCE, mail_id) if settings.MAIL_REPLY_TAG else own_address()


def read_tag(address: str) -> Tag | None:
    """The tag of an address of ours, None unless its signature is right."""
    local, _, domain = address.strip().lower().rpartition("@")
    base, _, text = local.partition("+")
    found = _TAG.match(text)
    if found is None or f"{base}@{domain}" != own_address():
        return None
    kind, number = found["kind"], int(found["id"])
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    if any(hmac.compare_digest(_signature(kind, number, key), found["signature"]) for key in keys):
        return Tag(kind, number)
    return None


def _tagged(kind: str, number: int) -> str:
    local, _, domain = own_address().rpartition("@")
    return f"{local}+{kind}{number}.{_signature(kind, number, settings.SECRET_KEY)}@{domain}"


def _signature(kind: str, number: int, key: str) -> str:
    digest = salted_hmac("tickets.mail.addresses", f"{kind}{number}", secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest[:_SIGNATURE_BYTES]).decode().lower()
