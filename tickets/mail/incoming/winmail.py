"""winmail.dat, in which Outlook hides a mail's text and files from everybody else."""

from __future__ import annotations

import logging

from tnefparse import TNEF

from tickets.mail.incoming import html
from tickets.mail.incoming.charsets import decode

logging.getLogger("tnefparse").setLevel(logging.ERROR)  # a wrong checksum is no news to an operator


def read(data: bytes) -> tuple[str, list[tuple[str, bytes]]] | None:
    """(the text, name and bytes of each file); None when it cannot be read."""
    try:
        tnef = TNEF(data, do_checksum=False)
        files = [(_word(attachment.long_filename()), bytes(attachment.data)) for attachment in tnef.attachments]
        rich, plain = tnef.htmlbody, tnef.body
    except Exception:  # the parser trusts lengths in the file, and raises whatever a wrong one leads to
        return None
    if plain:
        return _word(plain), files
    if rich:
        return "\n\n".join(part for part in html.to_text(_word(rich)) if part), files
    return ("", files) if files else None


def _word(value: str | bytes) -> str:
    text = decode(value, "cp1252") if isinstance(value, bytes) else decode(value.encode("utf-8", "replace"), "utf-8")
    return text.rstrip("\x00").strip()
