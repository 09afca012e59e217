"""Whether an address may be saved. Whoever sends judges it again: names change where they lead to."""

from __future__ import annotations

from django.conf import settings

from tickets import outside


def refusal(url: str) -> str:
    """Why Collie does not send to `url`, "" when it does. Looks its host up, so never within a transaction."""
    try:
        parts = outside.check_url(url)
        outside.judged_addresses(parts, allow_private=settings.RELAY_ALLOW_PRIVATE)
    except (outside.Refused, outside.Unreachable) as error:
        return str(error)
    return ""
