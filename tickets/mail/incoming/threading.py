"""Which ticket a mail answers: by the signed address it came to, else by what it says it answers. Never by subject.

The signed address was only ever told to the customer. A Message-ID travels further, so a mail that only names one
must also come from somebody who takes part in that ticket, and not under a name that our mail server found forged.
"""

from __future__ import annotations

from tickets.mail.addresses import TICKET, read_tag, without_tag
from tickets.mail.incoming.parse import ParsedMail
from tickets.models import Message, OutgoingMail, ReceivedMail, Ticket


def ticket_of(mail: ParsedMail) -> Ticket | None:
    tickets = Ticket.objects.select_related("customer")
    for address in mail.recipients:
        tag = read_tag(address)
        if tag and tag.kind == TICKET and (ticket := tickets.filter(pk=tag.id).first()):
            return ticket
    if mail.trust == Message.Trust.FORGED:
        return None
    for ticket_id in _named(mail.references):
        ticket = tickets.get(pk=ticket_id)
        if _takes_part(mail.sender, ticket):
            return ticket
    return None


def _named(header_ids: tuple[str, ...]) -> list[int]:
    """Tickets of the mails with these Message-IDs, sent or received, the first named first."""
    wanted = list(header_ids)
    known: dict[str, int] = {}
    for mails in (ReceivedMail.objects.exclude(message=None), OutgoingMail.objects.exclude(ticket=None)):
        known |= dict(mails.filter(header_id__in=wanted).values_list("header_id", "ticket_id"))
    return list(dict.fromkeys(known[header_id] for header_id in header_ids if header_id in known))


def _takes_part(sender: str, ticket: Ticket) -> bool:
    """The customer, or somebody whose mail the ticket has already taken in by its signed address."""
    who = without_tag(sender)
    if who == without_tag(ticket.customer.email):
        return True
    stored = ReceivedMail.objects.filter(ticket=ticket, outcome=ReceivedMail.Outcome.STORED)
    return who in {without_tag(address) for address in stored.values_list("sender", flat=True).distinct()[:200]}
