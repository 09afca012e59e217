"""The parts of a mail: what is read as its text and what is attached to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message

from django.utils.translation import gettext as _

from tickets.mail.incoming import headers, html, winmail
from tickets.mail.incoming.charsets import clean, decode

DEEPEST = 20  # parts within parts
MOST_PARTS = 200
_BINARY_TEXT = {"text/calendar", "text/x-vcard", "text/vcard", "text/csv", "text/rfc822-headers"}


@dataclass(frozen=True)
class File:
    """Something attached. `content_id` is how HTML mail refers to its own pictures."""

    name: str
    content_type: str
    data: bytes
    content_id: str = ""


@dataclass
class Body:
    """What was found so far. `texts` are the mail's own, each with the quote that its HTML marks; `forwarded` those
    of mails inside it."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    invitations: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    parts: int = 0


def read(mail: Message) -> Body:
    body = Body()
    _walk(mail, body, 0)
    return body


def html_part(mail: Message) -> str:
    """The first HTML text of a mail; empty without one."""
    for part in mail.walk():
        if part.get_content_type() == "text/html" and _is_text(part, "text/html"):
            return decode(_payload(part), _charset(part))
    return ""


def _walk(part: Message, body: Body, depth: int) -> None:
    body.parts += 1
    if depth > DEEPEST or body.parts > MOST_PARTS:
        remark = _("Some of its parts are nested too deep, or are too many; the original has them.")
        body.remarks = [remark]
        return
    kind = part.get_content_type()
    if kind == "message/rfc822" and isinstance(part.get_payload(), list) and part.get_payload():
        _forwarded(part, body, depth)
    elif kind == "multipart/alternative":
        _alternative(part, body, depth)
    elif part.is_multipart():
        for child in _children(part):
            _walk(child, body, depth + 1)
    elif part.get_content_maintype() == "multipart":  # its boundary is nowhere to be found
        body.texts.append((decode(_payload(part), ""), ""))
    elif kind == "application/ms-tnef" or _name(part).lower() == "winmail.dat":
        _winmail(part, body)
    elif _is_text(part, kind):
        body.texts.append(_text(part, kind))
    else:
        _attach(part, body, kind)


def _alternative(part: Message, body: Body, depth: int) -> None:
    """One text said in several ways: the plain one if it says anything, else the richer one. Files are all kept."""
    readings = []
    for child in _children(part):
        inner = Body(parts=body.parts)
        _walk(child, inner, depth + 1)
        body.files += inner.files
        body.forwarded += inner.forwarded
        body.invitations += inner.invitations
        body.remarks = body.remarks or inner.remarks
        body.parts = inner.parts
        if any(text.strip() or rest.strip() for text, rest in inner.texts):
            readings.append(inner.texts)
    body.texts += readings[0] if readings else []


def _forwarded(part: Message, body: Body, depth: int) -> None:
    inner_mail = _children(part)[0]
    inner = Body(parts=body.parts)
    _walk(inner_mail, inner, depth + 1)
    body.parts = inner.parts
    names = ("From", "To", "Date", "Subject")
    head = [f"{name}: {shown}" for name in names if (shown := headers.text(inner_mail, name))]
    words = [line for text in inner.texts for line in text if line.strip()]
    body.forwarded.append("\n".join([*head, "", *words, *inner.forwarded]).strip())
    name = headers.text(inner_mail, "Subject")[:80] or "forwarded"
    body.files.append(File(f"{name}.eml", "message/rfc822", _bytes_of(inner_mail)))
    body.files += inner.files


def _winmail(part: Message, body: Body) -> None:
    found = winmail.read(_payload(part))
    if found is None:
        _attach(part, body, "application/ms-tnef")
        return
    text, files = found
    if text and not any(own.strip() for own, _ in body.texts):
        body.texts.append((text, ""))
    body.files += [File(name, "", data) for name, data in files]


def _is_text(part: Message, kind: str) -> bool:
    """Whether the part is read where it stands: text without a file's name that was not sent as a file."""
    if part.get_content_maintype() != "text" or kind in _BINARY_TEXT:
        return False
    return part.get_content_disposition() != "attachment" and not _name(part)


def _text(part: Message, kind: str) -> tuple[str, str]:
    text = decode(_payload(part), _charset(part))
    if kind == "text/html":
        return html.to_text(text)
    if kind in {"text/enriched", "text/richtext"}:
        return re.sub(r"<[^<>]{0,60}>", "", text), ""
    flowed = str(part.get_param("format", "", unquote=True)).lower() == "flowed"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    joined = str(part.get_param("delsp", "", unquote=True)).lower() == "yes"
    return (_unflowed(text, joined) if flowed else text), ""


def _unflowed(text: str, joined: bool) -> str:
    """RFC 3676: a line that ends in a blank goes on in the next; `joined` drops that blank."""
    lines: list[str] = []
    open_line = False
    for line in text.split("\n"):
        line = line.removeprefix(" ") if not line.startswith(">") else line
        if open_line and lines and not line.startswith(">") and line != "-- ":
            lines[-1] = (lines[-1].removesuffix(" ") if joined else lines[-1]) + line
        else:
            lines.append(line)
        open_line = line.endswith(" ") and line != "-- " and not line.startswith(">")
    return "\n".join(line.rstrip() if line != "-- " else line for line in lines)


def _attach(part: Message, body: Body, kind: str) -> None:
    data = _payload(part)
    if not data:
        return
    if kind == "text/calendar":
        body.invitations.append(_invitation(decode(data, _charset(part))))
    name = _name(part) or {"text/calendar": "invitation.ics", "message/delivery-status": "report.txt"}.get(kind, "")
    content_id = headers.value(part, "Content-ID").strip("<> ")
    body.files.append(File(name or f"part-{body.parts}", kind, data, content_id))


def _invitation(calendar: str) -> str:
    """The lines of an invitation that people read."""
    unfolded = re.sub(r"\r?\n[ \t]", "", calendar)
    fields = dict(re.findall(r"(?im)^(SUMMARY|DTSTART|DTEND|LOCATION|DESCRIPTION)[^:\r\n]*:([^\r\n]*)", unfolded))
    said = {name.upper(): value.replace("\\n", "\n").replace("\\,", ",") for name, value in fields.items()}
    order = {"SUMMARY": "", "DTSTART": "Start: ", "DTEND": "End: ", "LOCATION": "Location: ", "DESCRIPTION": ""}
    return "\n".join(f"{label}{said[name]}" for name, label in order.items() if said.get(name))


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _payload(part: Message) -> bytes:
    """The bytes of a part. A transfer encoding that is none, or broken, leaves what can be read."""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # the standard library raises what it happens to meet in a broken encoding
        payload = None
    if isinstance(payload, bytes):
        return payload
    raw = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _bytes_of(mail: Message) -> bytes:
    try:
        return mail.as_bytes()
    except Exception:  # a mail inside the mail whose headers cannot be written again
        return "\n\n".join(text for text, _ in read(mail).texts).encode()


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (LookupError, ValueError, TypeError):
        return ""


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        return "unnamed"
    return clean(headers.decode_words(name.encode("utf-8", "replace").decode())) if name else ""
