from __future__ import annotations

from django.db import models


class TicketWords(models.Model):
    """What a ticket can be found by: plain text, put together and kept right by triggers of the database
    (fulltext/ticket_words.py), so that no way of writing can forget it. No foreign key: a trigger removes it too."""

    ticket_id = models.BigIntegerField(primary_key=True)
    subject = models.TextField()
    people = models.TextField()
    body = models.TextField()

    def __str__(self) -> str:
        return f"#{self.ticket_id}"
