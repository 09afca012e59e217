"""The record of what admins have done, beside what Django's admin writes into the same log by itself.

An entry says who, what and when, in words for people; it is read in the admin and changed by nobody. What is recorded
here holds no texts of tickets and no addresses of customers.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

__all__ = ["ADDITION", "CHANGE", "DELETION", "forget_names", "record"]


def record(user: Any, thing: Model | None, what: str, *, act: int = CHANGE, name: str | None = None) -> None:
    """Write down that `user` did `what` to `thing`, or to nothing that is kept, such as a download.

    `name` is what the thing is called in the log, where that should not be its own description. Acts of nobody, such
    as those of a command, are no entries: the log is about people.
    """
    if not isinstance(user, User):
        return
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(thing) if thing else None,
        object_id=str(thing.pk) if thing else None,
        object_repr=(name if name is not None else str(thing or ""))[:200],
        action_flag=act,
        change_message=what,
    )


def forget_names(model: type[Model], ids: list[int]) -> None:
    """Entries about these keep who, when and the id, and lose what the things were called and what was changed."""
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id__in=[str(pk) for pk in ids]
    )
    about.update(object_repr="", change_message="")
