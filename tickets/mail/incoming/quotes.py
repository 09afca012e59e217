"""What a person wrote in a mail, apart from the quotes and the signature that follow it. Nothing is thrown away: what
does not belong to the new text is the folded rest.

mail-parser-reply knows how mail programs of a dozen languages introduce quotes. Its patterns take minutes on texts
made for that, so it only ever sees a short, tidied copy, and only says after which line the new text ends.
"""

from __future__ import annotations

import re

from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

LINES, LINE_CHARS = 120, 160  # of what the parser sees
LONGEST_SIGNATURE = 12  # lines; more is text that happened to look like one
_RULE = re.compile(r"^(?:[-_*=]{6,}|[-_*=]{3,}+[^-_*=\n][^\n]{0,59}?[-_*=]{3,})$")  # ---- Forwarded message ----
_LANGUAGES = [name for name in MAIL_LANGUAGES if name != "david"]


def fold(text: str) -> tuple[str, str]:
    """(what is new, the rest). Without anything new all of it is: a bare forward is read, not folded."""
    lines = text.split("\n")
    end = _without_quotes(lines, _end_of_new(lines))
    new, rest = "\n".join(lines[:end]).strip("\n"), "\n".join(lines[end:]).strip("\n")
    if not new.strip() or _is_attribution(new) or _RULE.match(new.strip()):
        return text.strip("\n"), ""
    return new.rstrip(), rest


def _end_of_new(lines: list[str]) -> int:
    """How many lines come before the first quote or signature."""
    seen = [index for index, line in enumerate(lines) if line.strip()][:LINES]
    tidy = [" ".join(lines[index].split())[:LINE_CHARS] for index in seen]
    # One empty line where there were some: a pattern for signatures asks for it.
    gaps = ["" if n and seen[n] - seen[n - 1] > 1 else None for n in range(len(seen))]
    sample = "\n".join(part for gap, line in zip(gaps, tidy, strict=True) for part in (gap, line) if part is not None)
    read = EmailMessage(text=sample, languages=list(_LANGUAGES), keep_hyphen_lists=True).read().replies
    if not read:
        return len(lines)
    first = read[0]
    whole = _count(first.full_body, tidy)
    kept = _count(first.body, tidy)
    if kept and whole and whole - kept > LONGEST_SIGNATURE:
        kept = whole
    if kept is None or not kept or kept == len(tidy):
        return len(lines)
    return seen[kept - 1] + 1


def _count(part: str, tidy: list[str]) -> int | None:
    """With how many of the lines `part` is the same; None when it is not their beginning."""
    own = [line.strip() for line in part.split("\n") if line.strip()]
    return len(own) if own == tidy[: len(own)] else None


def _without_quotes(lines: list[str], end: int) -> int:
    """`end` moved up over quoted lines and the line that introduces them."""
    top = end
    while top and (not lines[top - 1].strip() or lines[top - 1].lstrip().startswith(">")):
        top -= 1
    if not any(line.lstrip().startswith(">") for line in lines[top:end]):
        return end
    return top - _introduction(lines[:top])


def _introduction(above: list[str]) -> int:
    """How many of the last lines say who wrote what follows: none, one, or one that was broken in two."""
    if not above or not _is_attribution(above[-1]):
        return 0
    broken = len(above) > 2 and above[-2].strip() and not above[-3].strip() and _has_date(above[-2])
    return 2 if broken else 1


def _is_attribution(text: str) -> bool:
    """Whether a line says who wrote what follows, in any language: it ends in a colon, and has an address or the
    digits of a date."""
    shown = " ".join(text.split())
    if not shown.endswith((":", "：")) or len(text.splitlines()) > 2 or len(shown) > 250:
        return False
    return "@" in shown or _has_date(shown)


def _has_date(line: str) -> bool:
    return sum(letter.isdigit() for letter in line) >= 3
