"""An HTML mail with its layout, made harmless."""

from __future__ import annotations

from email import message_from_bytes

from tickets.mail.incoming.body import html_part, read
from tickets.mail.incoming.html import LONGEST
from tickets.text import safe_html


def formatted(raw: bytes) -> str:
    """The HTML of a mail with harmless tags alone; pictures are left out. Empty for a mail without HTML."""
    return safe_html(html_part(message_from_bytes(raw))[:LONGEST])


def plain(raw: bytes) -> str:
    """All text of a mail, quotes and signature where they stood."""
    return "\n\n".join(text for pair in read(message_from_bytes(raw)).texts for text in pair if text.strip())
