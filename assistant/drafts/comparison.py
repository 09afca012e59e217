"""How much of a draft a person changed before sending it."""

from __future__ import annotations

from difflib import SequenceMatcher

EXACT = 200 * 200  # pairs of words; exact matching takes time with their number and more


def share_changed(draft: str, sent: str) -> float:
    """0.0 when sent as drafted, 1.0 when no word is left; words are compared, white space is not.

    In long texts words are counted without regard to their order, so that the time stays short.
    """
    old, new = draft.split(), sent.split()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    alike = matcher.ratio() if len(old) * len(new) <= EXACT else matcher.quick_ratio()
    return round(1 - alike, 4)
