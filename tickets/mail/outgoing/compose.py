"""An outbox row as a mail: headers that thread it, text and HTML of the same Markdown, attachments."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from tickets.links import link_path, site_url
from tickets.mail.addresses import bounce_address, reply_address, shown_sender
from tickets.models import Message, OutgoingMail, Profile, ReceivedMail, Ticket
from tickets.text import markdown_to_html

REFERENCES = 20  # as many Message-IDs as one mail names; the oldest stays, so that the thread has its root
QUOTED_LINES = 12
QUOTED_CHARS = 1200


def compose(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as Django sends it. Its `from_email` is the envelope sender: bounces go there.

    Raises:
        OSError: an attachment could not be read.
    """
    body = mail.body
    if mail.message:
        body = mail.message.body + _signature(mail.message) + _link(mail.message.ticket)
    quoted = _quoted(mail.message) if mail.message else None
    composed = EmailMultiAlternatives(
        subject=mail.subject, body=body + _text_quote(quoted), from_email=bounce_address(mail.pk),
        to=[mail.recipient], headers=_headers(mail),
    )  # fmt: skip
    composed.attach_alternative(_html(body, quoted), "text/html")
    if mail.message:
        for attachment in mail.message.attachments.all():
            with attachment.file.open("rb") as file:
                composed.attach(attachment.name, file.read(), attachment.detected)
    return composed


def _headers(mail: OutgoingMail) -> dict[str, str]:
    headers = {"From": shown_sender(), "Message-ID": mail.header_id}
    if mail.kind != OutgoingMail.Kind.REPLY:
        headers["Auto-Submitted"] = "auto-replied" if mail.ticket_id else "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
    if mail.ticket_id and mail.kind in {OutgoingMail.Kind.REPLY, OutgoingMail.Kind.CONFIRMATION}:
        headers["Reply-To"] = reply_address(mail.ticket_id)
        before = thread_ids(mail)
        if before:
            headers["In-Reply-To"] = before[-1]
            headers["References"] = " ".join(before)
    return headers


def thread_ids(mail: OutgoingMail) -> list[str]:
    """The Message-IDs of what went before in the ticket, between us and the customer, oldest first; the last is the
    customer's latest mail, where there is one."""
    received = ReceivedMail.objects.filter(ticket=mail.ticket_id, received__lt=mail.created).exclude(header_id="")
    known = list(received.order_by("received", "pk").values_list("received", "header_id"))
    latest = known[-1][1] if known else ""
    kinds = [OutgoingMail.Kind.REPLY, OutgoingMail.Kind.CONFIRMATION]
    ours = OutgoingMail.objects.filter(ticket=mail.ticket_id, pk__lt=mail.pk, kind__in=kinds)
    known += ours.values_list("created", "header_id")
    ids = [header_id for _when, header_id in sorted(known) if header_id != latest]
    if len(ids) >= REFERENCES:
        ids = [ids[0], *ids[2 - REFERENCES :]]
    return [*ids, latest] if latest else ids


def _signature(message: Message) -> str:
    """What its author puts under replies, set off by the line that mail programs know and fold away when quoting."""
    profile = Profile.objects.filter(user=message.author_id).first() if message.author_id else None
    text = profile.signature.strip() if profile else ""
    return f"\n\n-- \n{text}" if text else ""


def _link(ticket: Ticket) -> str:
    """A line with the customer's way to the ticket, where people outside can reach us."""
    if not settings.SITE_URL:
        return ""
    with translation.override(ticket.customer.language or settings.LANGUAGE_CODE):
        return "\n\n" + _("Read and answer on the web: <%(url)s>") % {"url": site_url() + link_path(ticket)}


def _quoted(message: Message) -> tuple[str, list[str]] | None:
    """Who wrote before, and the beginning of it: enough to know what the answer is about."""
    written = Message.objects.filter(ticket=message.ticket_id, kind=Message.Kind.CUSTOMER)
    before = written.filter(created__lte=message.created).order_by("created", "id").last()
    if before is None or not before.plain.strip():
        return None
    customer = message.ticket.customer
    lines = before.plain.strip()[:QUOTED_CHARS].splitlines()[:QUOTED_LINES]
    if "\n".join(lines) != before.plain.strip():
        lines.append("…")
    with translation.override(customer.language or settings.LANGUAGE_CODE):
        when = formats.date_format(timezone.localtime(before.created), "DATETIME_FORMAT")
        head = _("On %(when)s (UTC), %(who)s wrote:") % {"when": when, "who": before.sender or str(customer)}
    return head, lines


def _text_quote(quoted: tuple[str, Iterable[str]] | None) -> str:
    if quoted is None:
        return "\n"
    head, lines = quoted
    return f"\n\n{head}\n" + "".join(f"> {line}".rstrip() + "\n" for line in lines)


def _html(body: str, quoted: tuple[str, Iterable[str]] | None) -> str:
    written = mark_safe(markdown_to_html(body))  # noqa: S308  the function returns sanitised HTML
    if quoted is None:
        return format_html("<html><body>{}</body></html>\n", written)
    head, lines = quoted
    joined = mark_safe("<br>\n".join(format_html("{}", line) for line in lines))  # noqa: S308  each line is escaped
    return format_html("<html><body>{}<p>{}</p>\n<blockquote>{}</blockquote></body></html>\n", written, head, joined)
