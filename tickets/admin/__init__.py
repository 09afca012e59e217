"""The helpdesk in the Django admin."""

from tickets.admin import (
    accounts,
    articles,
    invitations,
    labels,
    log,
    mail,
    people,
    saved_reply,
    ticket,
    tokens,
    webhooks,
)

__all__ = [
    "accounts",
    "articles",
    "invitations",
    "labels",
    "log",
    "mail",
    "people",
    "saved_reply",
    "ticket",
    "tokens",
    "webhooks",
]
