"""What a browser calls itself, in words for people."""

from __future__ import annotations

from django.utils.translation import gettext as _

# In this order: most browsers also carry the names of those that came before them.
_BROWSERS = {
    "Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "FxiOS/": "Firefox", "Chrome/": "Chrome",
    "CriOS/": "Chrome", "Safari/": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS X": "macOS",
    "CrOS": "ChromeOS", "Linux": "Linux",
}  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Such as "Firefox on Linux"; the beginning of the header itself where it names no browser we know."""
    browser, system = (
        next((name for mark, name in names.items() if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS)
    )
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or user_agent[:80]
