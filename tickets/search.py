"""Finding tickets by words, behind one function."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from tickets.models import Ticket


def search(queryset: QuerySet[Ticket], text: str) -> QuerySet[Ticket]:
    """The tickets of `queryset` that `text` finds: the one of that number (12, #12), or those where every word is in
    the subject or begins the customer's name or address."""
    words = text.split()
    found = Q()
    for word in words:
        customer = Q(customer__email__istartswith=word) | Q(customer__name__istartswith=word)
        found &= Q(subject__icontains=word) | customer
    number = words[0].removeprefix("#") if len(words) == 1 else ""
    if number.isascii() and number.isdigit():
        found |= Q(pk=int(number))
    return queryset.filter(found)
