"""Personal data on its way to the relay: placeholders in its place, and put back into what comes.

A placeholder such as `<EMAIL_1>` stands for one spelling of one value all through a request. What looks like a
placeholder in the text itself gets one too, so that putting back always gives the text as it was.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from assistant.drafts import personal

PLACEHOLDER = re.compile(r"<(?:EMAIL|IBAN|CARD|PHONE|TEXT)_[1-9]\d{0,4}>")
_BEGINNING = re.compile(r"<(?:[A-Z]{0,5}|[A-Z]{4,5}_\d{0,5})\Z")
LONGEST = 16  # characters that may be held back while a placeholder may still be coming

EXPLANATION = (
    "Words such as <EMAIL_1>, <PHONE_1>, <CARD_1> or <IBAN_1> stand for personal data that you do not see. Where "
    "such data belongs into your text, write its placeholder exactly as it came; never make one up."
)


class Masking:
    """The placeholders of one request. Give it every text first (`learn`), then mask each: a value that was found in
    one place is masked in all."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._known: re.Pattern[str] | None = None

    def __bool__(self) -> bool:
        return bool(self._values)

    def learn(self, data: Any) -> None:
        """Take in the values of a text, or of all texts in lists and dictionaries."""
        if isinstance(data, str):
            self._learn(data)
        elif isinstance(data, dict | list):
            for value in data.values() if isinstance(data, dict) else data:
                self.learn(value)

    def mask(self, data: Any) -> Any:
        """`data`, learned before, with placeholders; the keys of dictionaries are ours and stay."""
        if isinstance(data, str):
            return self._known.sub(self._placeholder_of, data) if self._known else data
        if isinstance(data, dict):
            return {key: self.mask(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.mask(value) for value in data]
        return data

    def unmask(self, text: str) -> str:
        """`text` with the values in place of their placeholders; placeholders that stand for nothing stay."""
        if not self._values or "<" not in text:
            return text
        return PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def _learn(self, text: str) -> None:
        found = [(text[it.start : it.end], it.kind) for it in personal.find(text)]
        found += [(match[0], "TEXT") for match in PLACEHOLDER.finditer(text)]
        for value, kind in found:
            if value not in self._placeholders:
                self._numbers[kind] += 1
                placeholder = f"<{kind}_{self._numbers[kind]}>"
                self._placeholders[value] = placeholder
                self._values[placeholder] = value
                self._known = None
        if found and self._known is None:
            longest_first = sorted(self._placeholders, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)))

    def _placeholder_of(self, match: re.Match[str]) -> str:
        return self._placeholders[match[0]]


class Unmasking:
    """Puts values back into a text that comes in pieces, also where a placeholder is cut in two."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown of the text so far and has not been; "" while a placeholder may be coming."""
        if not self._held and "<" not in piece:
            return piece
        text = self._held + piece
        beginning = _BEGINNING.search(text, max(0, len(text) - LONGEST)) if self._masking else None
        cut = beginning.start() if beginning else len(text)
        self._held = text[cut:]
        return self._masking.unmask(text[:cut])

    def rest(self) -> str:
        """What was held back, when nothing more comes."""
        held, self._held = self._held, ""
        return held
