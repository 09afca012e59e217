"""Every row about a customer: what goes with their tickets, and what holds their address."""

from __future__ import annotations

from typing import Any

from django.db.models import CASCADE, ForeignObjectRel, Model, Q, QuerySet

from tickets.models import Customer, LetterRequest, OutgoingMail, ReceivedMail, Ticket

# Tables without a key to a ticket in some or all of their rows, and the field that then holds the address.
BY_ADDRESS: dict[type[Model], str] = {
    OutgoingMail: "recipient__iexact",
    ReceivedMail: "sender__iexact",
    LetterRequest: "email__iexact",
}


def reach() -> dict[type[Model], list[str]]:
    """Every model whose rows are deleted together with a ticket, with the lookups that lead from it to the ticket."""
    found: dict[type[Model], list[str]] = {Ticket: ["pk"]}
    waiting: list[tuple[type[Model], str]] = [(Ticket, "")]
    while waiting:
        model, lookup = waiting.pop(0)
        for relation in _cascades(model):
            child = relation.related_model
            path = f"{relation.field.name}__{lookup}" if lookup else relation.field.name
            if child not in found:
                waiting.append((child, path))
            found.setdefault(child, []).append(path)
    return found


def rows_of(customer: Customer) -> dict[type[Model], QuerySet[Any]]:
    """All that is kept of a customer, by model, in the order of their keys."""
    tickets = Ticket.objects.filter(customer=customer).values("pk")
    paths = reach()
    found: dict[type[Model], QuerySet[Any]] = {Customer: Customer.objects.filter(pk=customer.pk)}
    for model in [*paths, *(model for model in BY_ADDRESS if model not in paths)]:
        wanted = _any(paths.get(model, []), tickets)
        if model in BY_ADDRESS:
            wanted |= Q(**{BY_ADDRESS[model]: customer.email})
        found[model] = model._default_manager.filter(wanted).order_by("pk")
    return found


def _cascades(model: type[Model]) -> list[ForeignObjectRel]:
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, ForeignObjectRel) and getattr(field, "on_delete", None) is CASCADE
        if not field.related_model._meta.proxy
    ]


def _any(lookups: list[str], tickets: Any) -> Q:
    wanted = Q()
    for lookup in lookups:
        wanted |= Q(**{f"{lookup}__in": tickets})
    return wanted
