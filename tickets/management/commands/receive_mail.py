"""Takes one mail from standard input, as a mail server's pipe delivers it."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from tickets.mail.incoming.store import receive

EX_DATAERR, EX_TEMPFAIL = 65, 75  # sysexits.h: a mail server bounces the first and tries again after the second


class Command(BaseCommand):
    help = (
        "Store a mail (RFC 822) from standard input. Exit code 0: it is stored, was before, or is kept with the "
        "mails that could not be read; 75: try again later; 65: there was no mail."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read()
        if not raw.strip():
            raise CommandError("There was no mail on standard input.", returncode=EX_DATAERR)
        try:
            receipt = receive(raw)
        except (OperationalError, InterfaceError, OSError) as error:
            raise CommandError(f"The mail cannot be stored now: {error}", returncode=EX_TEMPFAIL) from error
        where = f" ticket={receipt.ticket_id}" if receipt.ticket_id else ""
        self.stdout.write(f"{receipt.outcome}{where}")
