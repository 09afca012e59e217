"""Keeping keys out of what is shown, stored and logged: providers like to echo them."""

import re
from collections.abc import Callable, Iterable

_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/*=-]{6,}", re.IGNORECASE)
_KEY_LIKE = re.compile(r"\b(?:sk|pk|hs|gsk|xai)-[\w*.…-]{6,}")
_PREFIX = 6  # characters of a key that give it away, as in "sk-abc***wxyz"


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that replaces the secrets, shortened echoes of them, and all that looks like a key."""
    patterns = []
    for secret in filter(None, secrets):
        patterns.append(
            re.compile(r"(?<!\w)" + re.escape(secret) + r"(?!\w)" if len(secret) < 8 else re.escape(secret))
        )
        if len(secret) > 2 * _PREFIX:
            patterns.append(re.compile(re.escape(secret[:_PREFIX]) + r"[\w*.…-]*"))
    patterns += [_BEARER, _KEY_LIKE]

    def redact(text: str) -> str:
        for pattern in patterns:
            text = pattern.sub("[key]", text)
        return text

    return redact
