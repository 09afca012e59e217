"""The helpdesk in the Django admin."""

from tickets.admin import articles, invitations, labels, log, people, ticket

__all__ = ["articles", "invitations", "labels", "log", "people", "ticket"]
