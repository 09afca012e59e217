"""The helpdesk in the Django admin."""

from tickets.admin import labels, log, people, ticket

__all__ = ["labels", "log", "people", "ticket"]
