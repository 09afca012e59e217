"""What the selects of a page offer, and a ticket's tags, fetched in one query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast

from tickets.models import Category, Tag, Team, Ticket
from tickets.people import agents, display_name

Choice = tuple[str, str]


@dataclass(frozen=True)
class Options:
    """Pairs of value and name, by name. Categories go by slug, teams and agents by id."""

    categories: list[Choice] = field(default_factory=list)
    teams: list[Choice] = field(default_factory=list)
    agents: list[Choice] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def load_options(ticket: Ticket | None = None) -> Options:
    parts = [
        _part("categories", Category.objects.filter(active=True), key="slug", name="name"),
        _part("teams", Team.objects.all(), key="pk", name="name"),
        _part("agents", agents(), key="pk", name="username", first="first_name", last="last_name"),
    ]
    if ticket is not None:
        parts.append(_part("tags", Tag.objects.filter(tickets=ticket), key="pk", name="name"))
    found: defaultdict[str, list[Choice]] = defaultdict(list)
    for kind, key, name, first, last in parts[0].union(*parts[1:], all=True):
        found[kind].append((key, display_name(first, last, name)))
    for choices in found.values():
        choices.sort(key=lambda choice: choice[1].casefold())
    tags = [name for _key, name in found.pop("tags", [])]
    return Options(**found, tags=tags)


def _part(kind: str, queryset: QuerySet, *, key: str, name: str, first: str = "", last: str = "") -> QuerySet:
    def text(column: str) -> Cast:
        return Cast(F(column) if column else Value(""), CharField())

    columns = {"a_kind": Value(kind, CharField()), "b_key": text(key), "c_name": text(name),
               "d_first": text(first), "e_last": text(last)}  # fmt: skip
    return queryset.order_by().annotate(**columns).values_list(*columns)
