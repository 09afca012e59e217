"""From the outbox row to the mail server."""
