"""Placeholders of saved replies: `{{customer.first_name}}` and the like, checked when saved, filled when inserted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tickets.models import Ticket

KNOWN = (
    "customer.name", "customer.first_name", "customer.email", "ticket.id", "ticket.subject", "ticket.team",
    "ticket.category", "agent.name", "agent.first_name", "agent.email",
)  # fmt: skip
_PLACE = re.compile(r"\{\{([^{}]*)\}\}")


def complaint(body: str) -> str:
    """A sentence that names the placeholders nobody can fill in; empty when all are known."""
    unknown = sorted({name for name in map(str.strip, _PLACE.findall(body)) if name not in KNOWN})
    if not unknown:
        return ""
    return _("%(unknown)s cannot be filled in. Known are: %(known)s.") % {
        "unknown": ", ".join(f"{{{{{name}}}}}" for name in unknown),
        "known": ", ".join(f"{{{{{name}}}}}" for name in KNOWN),
    }


def fill(body: str, values: Mapping[str, str]) -> str:
    """`body` with every known placeholder replaced, once: what a customer calls themselves is not read again."""
    return _PLACE.sub(lambda match: values.get(match[1].strip(), match[0]), body)


def values_for(ticket: Ticket, agent: User) -> dict[str, str]:
    """What the placeholders stand for. A customer without a name is greeted by the first part of the address."""
    name = ticket.customer.name.strip()
    return {
        "customer.name": name or ticket.customer.email.split("@")[0],
        "customer.first_name": (name or ticket.customer.email.split("@")[0]).split()[0],
        "customer.email": ticket.customer.email,
        "ticket.id": str(ticket.pk),
        "ticket.subject": ticket.subject,
        "ticket.team": str(ticket.team or ""),
        "ticket.category": str(ticket.category or ""),
        "agent.name": agent.get_full_name() or agent.get_username(),
        "agent.first_name": agent.first_name or agent.get_username(),
        "agent.email": agent.email,
    }
