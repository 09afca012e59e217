"""Finding personal data in text: mail addresses, IBANs, payment cards and telephone numbers.

What a number is follows from its own check digits (ISO 13616 for IBANs, Luhn for cards) or from how telephone numbers
are written; orders, invoices, dates and amounts are left alone, since a reply needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")

# Length by country, ISO 13616 registry.
_LENGTHS = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25
QA29 RO24 RS22 SA24 SC32 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
_IBAN_START = re.compile(r"(?<![^\W_])([A-Za-z]{2})\d{2}(?=[ \xa0-]?[0-9A-Za-z])")

_DIGITS = re.compile(r"(?<![\w.,])\d(?:[ \xa0-]?\d){12,}(?!\w)")
_CARD = range(13, 20)

_GAP = r"[ \xa0./()-]"
_PHONE = re.compile(
    rf"""(?<![\w+@.,/:#-])(?:
      (?:\+|00){_GAP}?[1-9](?:{_GAP}{{0,3}}\d){{6,14}}                      # +49 (0)30 123-456, 0033 1 23 45 67 89
    | \(0?\d{{2,5}}\){_GAP}{{0,2}}\d{{2,4}}(?:{_GAP}?\d{{2,}}+){{1,3}}      # (555) 123-4567, (030) 123 45 67
    | 0[1-9]\d{{0,4}}(?:{_GAP}{{1,2}}\d{{2,8}}){{1,5}}                      # 030 1234567, 06 12 34 56 78
    | 0[1-9]\d{{8,10}}                                                      # 01711234567
    | (?:1[ .-])?[2-9]\d\d[ .-]\d{{3}}[ .-]\d{{4}}                          # 555-123-4567
    )(?![\w@]|[.,/:-]\d)""",
    re.VERBOSE,
)
_PHONE_DIGITS = range(8, 16)
_CALLED = re.compile(
    r"(?:\b(?:tel|telephone|phone|mobile|cell|call|ring|whatsapp|fax|telefon|handy|mobil|rufnummer|t[ée]l[ée]phone|"
    r"portable|tel[ée]fono|m[óo]vil|cellulare|telefonnummer)(?:e|s)?\b[^\d\n+@]{0,20})"
    r"(\d(?:[ \xa0./-]?\d){6,13})(?![\w@])",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{1,2}([./-])(?:\d{1,2}\1)?(?:19|20)?\d\d(?!\d)|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}(?!\d)")
_OTHER_NUMBER = re.compile(
    r"(?:\b(?:order|invoice|ticket|case|ref(?:erence)?|tracking|customer|article|serial|bestell\w*|rechnung\w*|auftrag\w*|"
    r"kunden\w*|sendung\w*|commande|facture|colis|pedido|factura|env[íi]o|ordine|fattura|spedizione)\b|[#№])"
    r"(?:[ \xa0]*(?:id|is|no|nr|num|number|nummer|num[ée]ro|numero|code|ist|est|es|è|[°º.:#-]))*[ \xa0]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    kind: str  # EMAIL, IBAN, CARD or PHONE
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Personal data in `text`, from left to right, none overlapping."""
    found: list[Found] = []
    taken = bytearray(len(text))
    for kind, spans in (("EMAIL", _mails), ("IBAN", _ibans), ("CARD", _cards), ("PHONE", _phones)):
        for start, end in spans(text):
            if not any(taken[start:end]):
                found.append(Found(kind, start, end))
                taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda one: one.start)


def _mails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        for match in _MAIL.finditer(text):
            yield match.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match[1].upper())
        end = length and _end_of(text, match.start(), length)
        if end and _is_iban(text[match.start() : end]):
            yield match.start(), end


def _end_of(text: str, start: int, characters: int) -> int | None:
    """Where `characters` letters and digits from `start` on end, single blanks and hyphens between them aside; None
    where something else comes first or a further one follows at once."""
    at = start
    while at < len(text) and characters:
        if text[at].isascii() and text[at].isalnum():
            characters -= 1
        elif text[at] not in " \xa0-" or text[at - 1] in " \xa0-":
            return None
        at += 1
    return None if characters or text[at : at + 1].isalnum() else at


def _is_iban(text: str) -> bool:
    bare = "".join(char for char in text if char.isalnum()).upper()
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97 == 1


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _DIGITS.finditer(text):
        groups = [(group.start(), group.end()) for group in re.finditer(r"\d+", match[0])]
        first = 0
        while first < len(groups):
            last = _last_of_card(match[0], groups, first)
            if last is not None:
                yield match.start() + groups[first][0], match.start() + groups[last][1]
            first = first + 1 if last is None else last + 1


def _last_of_card(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The group with which a card number that begins at group `first` ends, the longest first."""
    start = groups[first][0]
    if text[start] not in "23456":
        return None
    for last in range(min(first + 10, len(groups)) - 1, first - 1, -1):
        digits = [int(char) for char in text[start : groups[last][1]] if char.isdigit()]
        if len(digits) in _CARD and _luhn(digits):
            return last
    return None


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        if not _is_something_else(text, match.start(), match[0]):
            yield match.span()
    for match in _CALLED.finditer(text):
        if not _DATE.match(match[1]):
            yield match.span(1)


def _is_something_else(text: str, start: int, number: str) -> bool:
    digits = sum(char.isdigit() for char in number)
    bare_double_zero = number.startswith("00") and number.isdigit() and digits < 11
    before = text[max(0, start - 40) : start]
    dated = _DATE.match(number)
    return digits not in _PHONE_DIGITS or bare_double_zero or bool(dated) or bool(_OTHER_NUMBER.search(before))
