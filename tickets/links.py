"""Links that let a customer read and answer one ticket without an account.

A link holds the ticket, the customer and the moment it was made, signed with the installation's key. It expires after
CUSTOMER_LINK_DAYS, and stops working when the ticket is given to another customer. Whoever has a link is taken for
the customer: it is sent to their address alone and shown nowhere else.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from tickets.models import Ticket

_SALT = "tickets.customer-link"


def link_path(ticket: Ticket) -> str:
    """A new link to `ticket` for its customer, as a path."""
    return f"/t/{_signer().sign(f'{ticket.pk}-{ticket.customer_id}')}/"


def ticket_by_link(token: str) -> Ticket | None:
    """The ticket that a link's token opens, its customer loaded; None for a forged, changed or expired one."""
    try:
        value = _signer().unsign(token, max_age=timedelta(days=settings.CUSTOMER_LINK_DAYS))
        ticket_id, customer_id = (int(part) for part in value.split("-"))
    except (signing.BadSignature, ValueError):
        return None
    return Ticket.objects.select_related("customer").filter(pk=ticket_id, customer_id=customer_id).first()


def site_url(request: HttpRequest | None = None) -> str:
    """Scheme and host that links in letters begin with: SITE_URL, else where the request itself came to (a host that
    ALLOWED_HOSTS lets through), else this machine."""
    if settings.SITE_URL:
        return str(settings.SITE_URL)
    return request.build_absolute_uri("/").rstrip("/") if request else "http://localhost:8000"


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SALT, sep=".")
