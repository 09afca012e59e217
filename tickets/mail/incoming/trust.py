"""Whether the sender is who they say, by the Authentication-Results (RFC 8601) of the one server we trust.

Only the topmost field of that server counts: whoever writes a mail can put others below it. Without one, nothing is
known, and the mail is unverified.
"""

from __future__ import annotations

import re
from email.message import Message as Mail

from tickets.mail.incoming import headers
from tickets.models import Message

Trust = Message.Trust
_COMMENT = re.compile(r"\([^()]*\)")
_METHOD = re.compile(r"^(dmarc|dkim|spf)\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(header\.(?:d|i|from)|smtp\.(?:mailfrom|helo))\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def trust(mail: Mail, sender: str, trusted_host: str) -> Trust:
    """`trusted_host` is MAIL_AUTH_HOST; empty means that no server's word is taken."""
    results = _results(mail, trusted_host.strip().lower()) if trusted_host.strip() else []
    if not results:
        return Trust.UNVERIFIED
    by_method: dict[str, list[tuple[str, str]]] = {}
    for method, verdict, domain in results:
        by_method.setdefault(method, []).append((verdict, domain))
    policy = {verdict for verdict, _ in by_method.get("dmarc", [])}
    if policy & {"pass", "fail"}:
        return Trust.VERIFIED if "pass" in policy else Trust.FORGED
    own = sender.rpartition("@")[2]
    checks = by_method.get("dkim", []) + by_method.get("spf", [])
    if any(verdict == "pass" and _aligned(domain, own) for verdict, domain in checks):
        return Trust.VERIFIED
    verdicts = {verdict for verdict, _ in checks}
    return Trust.FORGED if "fail" in verdicts and "pass" not in verdicts else Trust.UNVERIFIED


def _results(mail: Mail, host: str) -> list[tuple[str, str, str]]:
    """(method, verdict, domain) of the topmost field that the trusted server wrote."""
    for raw in headers.values(mail, "Authentication-Results"):
        server, _, rest = _COMMENT.sub(" ", raw).partition(";")
        if not server.split() or server.split()[0].lower() != host:
            continue
        found = []
        for part in rest.split(";"):
            method = _METHOD.match(part.strip())
            if method:
                given = {name.lower(): value.lower() for name, value in _PROPERTY.findall(part)}
                names = ("header.d", "header.i", "smtp.mailfrom", "header.from")
                domain = next((given[name] for name in names if name in given), "")
                found.append((method[1].lower(), method[2].lower(), domain.rpartition("@")[2]))
        return found
    return []


def _aligned(domain: str, own: str) -> bool:
    """Relaxed alignment, as near as it comes without a list of public suffixes: the same, or one below the other."""
    if not domain or "." not in domain:
        return False
    return domain == own or own.endswith(f".{domain}") or domain.endswith(f".{own}")
