"""Forgetting a customer, with everything."""

from __future__ import annotations

from django.db import transaction

from tickets import signals
from tickets.audit import forget_names
from tickets.models import Customer, IdempotentRequest, Ticket, WebhookDelivery
from tickets.privacy.kept import BY_ADDRESS

TICKETS = 500  # of one transaction
MOST = 5000  # tickets of one call: what a page can wait for


def erase(customer: Customer, *, most: int = MOST) -> int:
    """Delete the customer, their tickets and all that hangs on them, in transactions of TICKETS tickets; returns how
    many tickets are left, which is 0 unless there were more than `most`. Then the customer is still there, and
    another call goes on. The files of attachments go once their rows are gone for good.

    Raises:
        ProtectedError: where a ticket of theirs came in at that very moment; another call goes on.
    """
    for _batch in range(0, most, TICKETS):
        ids = list(Ticket.objects.filter(customer=customer).order_by("pk").values_list("pk", flat=True)[:TICKETS])
        if not ids:
            break
        _erase_tickets(ids)
    left = Ticket.objects.filter(customer=customer).count()
    if not left:
        _erase_customer(customer)
    return left


@transaction.atomic
def _erase_tickets(ids: list[int]) -> None:
    signals.tickets_erased.send(None, ticket_ids=ids)
    forget_names(Ticket, ids)
    Ticket.objects.filter(pk__in=ids).delete()


@transaction.atomic
def _erase_customer(customer: Customer) -> None:
    for model, lookup in BY_ADDRESS.items():
        model._default_manager.filter(**{lookup: customer.email}).delete()
    for kept in (IdempotentRequest, WebhookDelivery):  # answers and messages that wait to be purged
        kept._default_manager.filter(body__icontains=customer.email).delete()
    forget_names(Customer, [customer.pk])
    customer.delete()
