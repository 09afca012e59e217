"""What makes a method of a ticket a verb."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import models, transaction

Row = TypeVar("Row", bound=models.Model)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def verb(
    method: Callable[Concatenate[Row, Arguments], Result],
) -> Callable[Concatenate[Row, Arguments], Result]:
    """A change of the ticket as it is now: one transaction, its row locked and read anew.

    Without that a page which loaded the ticket a moment ago would compare with what it was then: a person's choice
    that equals the old value would be taken for no change, though a run has overwritten it meanwhile.
    """

    @wraps(method)
    def locked(ticket: Row, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with transaction.atomic():
            ticket.refresh_from_db(from_queryset=type(ticket)._default_manager.select_for_update())
            return method(ticket, *args, **kwargs)

    return locked
