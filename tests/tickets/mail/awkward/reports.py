"""Bounces of three servers about mails of nobody here, out-of-office replies and lists. Bounces of our own mail are
in test_bounces.py, which needs a mail that was sent."""

from __future__ import annotations

from tests.tickets.mail.awkward.build import Awkward, mail, multi

POSTFIX = "MAILER-DAEMON@mx.example.net (Mail Delivery System)"
EXCHANGE = "Microsoft Outlook <MicrosoftExchange329e@example.net>"
GMAIL = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"

_STATUS = "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n" \
          "Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n"  # fmt: skip


def report(sender: str, original: str, *, subject: str = "Undelivered Mail Returned to Sender", to: str = "",
           action: str = "failed", status: str = "5.1.1", said: str = "550 5.1.1 User unknown",
           recipient: str = "erin@example.com", headers_only: bool = False, headers: str = "",
           html: bool = False) -> bytes:  # fmt: skip
    """A report as postfix, Exchange or Gmail writes it, about the mail whose headers `original` are."""
    words = "<p>Your message could not be delivered.</p>" if html else "I'm sorry to have to inform you of this."
    first = f"Content-Type: text/{'html' if html else 'plain'}; charset=us-ascii\r\n\r\n{words}\r\n".encode()
    status_part = b"Content-Type: message/delivery-status\r\n\r\n" + _STATUS.format(
        recipient=recipient, action=action, status=status, said=said).encode()  # fmt: skip
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    last = f"Content-Type: {kind}\r\n\r\n{original}\r\n\r\nOld text.\r\n".encode()
    header, body = multi("report", first, status_part, last, extra="; report-type=delivery-status")
    arrived = f"Delivered-To: {to}\n" if to else ""
    lines = f"Return-Path: <>\n{arrived}Auto-Submitted: auto-replied\n{headers}"
    return mail(body, header + lines, sender=sender, subject=subject)


STRANGE = "Message-ID: <never-sent@elsewhere.example>\r\nSubject: Buy now"

MAILS = {
    "postfix_about_a_strange_mail": Awkward(report(POSTFIX, STRANGE), outcome="unreadable"),
    "exchange_about_a_strange_mail": Awkward(report(EXCHANGE, STRANGE, html=True), outcome="unreadable"),
    "gmail_about_a_strange_mail": Awkward(report(GMAIL, STRANGE, headers_only=True), outcome="unreadable"),
    "delivered_receipt": Awkward(report(POSTFIX, STRANGE, action="relayed", status="2.0.0"), ("inform you of this",)),
    "person_about_undelivered_goods": Awkward(mail("My parcel was not delivered.", subject="Undelivered parcel"),
                                              ("My parcel",)),
    "out_of_office": Awkward(mail("I am away.", "Auto-Submitted: auto-replied\n"), ("I am away.",)),
    "list_mail": Awkward(mail("News!", "List-Id: <news.example.com>\nPrecedence: bulk\n"), ("News!",)),
    "own_address_forged": Awkward(mail("I am you.", sender="support@example.com"), outcome="unreadable"),
}  # fmt: skip
