"""Mails as they really come, made for this project: each with what must be readable of it, or UNREADABLE.

`MAILS` is name -> (bytes, words that the message must show). A few of them are answered by a file: `files` names what
must be attached.
"""

from __future__ import annotations

from tests.tickets.mail.awkward import broken, charsets, reports, structures
from tests.tickets.mail.awkward.build import UNREADABLE, Awkward

__all__ = ["MAILS", "UNREADABLE", "Awkward"]

MAILS: dict[str, Awkward] = {
    f"{module.__name__.rpartition('.')[2]}/{name}": mail
    for module in (charsets, structures, broken, reports)
    for name, mail in module.MAILS.items()
}
