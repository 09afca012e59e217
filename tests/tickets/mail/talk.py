"""Mails as a customer writes them, and what became of them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid

from tickets.mail.incoming.store import Receipt, receive
from tickets.models import Message

SUPPORT = "Collie Support <support@example.com>"


def letter(text: str, *, sender: str = "Erin Example <erin@example.com>", to: str = "support@example.com",
           subject: str = "Help", **headers: str) -> EmailMessage:  # fmt: skip
    """A well-made mail; `headers` by name, with _ for -."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = headers.pop("Message_ID", make_msgid(domain="customer.example"))
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def deliver(mail: EmailMessage | bytes, **options) -> Receipt:
    return receive(mail if isinstance(mail, bytes) else mail.as_bytes(), **options)


def message_of(receipt: Receipt) -> Message:
    return Message.objects.select_related("ticket__customer").get(pk=receipt.message_id)
