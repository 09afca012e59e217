"""What the selects of a page offer, and a ticket's tags, fetched in one query."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from tickets.models import Category, SavedView, Tag, Team, Ticket
from tickets.people import agents, display_name
from tickets.prepared import rows_of

Choice = tuple[str, str]


@dataclass(frozen=True)
class Saved:
    """A saved view; `own` when the person may change it."""

    pk: int
    name: str
    query: str
    team: str  # the id of the team it is shared with, or ""
    own: bool


@dataclass(frozen=True)
class Options:
    """Pairs of value and name, by name. Categories go by slug, teams and agents by id."""

    categories: list[Choice] = field(default_factory=list)
    teams: list[Choice] = field(default_factory=list)
    agents: list[Choice] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    own_teams: list[Choice] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)


def load_options(ticket: Ticket | None = None, *, user: User | None = None) -> Options:
    """`ticket` adds its tags, `user` their teams and the views saved by them or shared with their teams."""
    numbers = [one.pk for one in (ticket, user) if one is not None]
    rows = rows_of(_query, *numbers, fixed=(ticket is not None, user is not None))
    found: defaultdict[str, list[Choice]] = defaultdict(list)
    saved: list[tuple[int, Saved]] = []
    for kind, key, name, first, last in rows:
        if kind in ("own", "shared"):
            position, team = last.split(" ")
            saved.append((int(position), Saved(int(key), name, first, team, kind == "own")))
        else:
            found[kind].append((key, display_name(first, last, name)))
    for choices in found.values():
        choices.sort(key=lambda choice: choice[1].casefold())
    tags = [name for _key, name in found.pop("tags", [])]
    saved.sort(key=lambda place: (place[0], place[1].pk))
    return Options(**found, tags=tags, saved=[view for _position, view in saved])


def _query(of_ticket: bool, of_user: bool, *numbers: int) -> QuerySet:
    parts = [
        _part("categories", Category.objects.filter(active=True), key="slug", name="name"),
        _part("teams", Team.objects.all(), key="pk", name="name"),
        _part("agents", agents(), key="pk", name="username", first="first_name", last="last_name"),
    ]
    if of_ticket:
        parts.append(_part("tags", Tag.objects.filter(tickets=numbers[0]), key="pk", name="name"))
    if of_user:
        user = numbers[-1]
        own = SavedView.objects.filter(owner=user)
        shared = SavedView.objects.filter(team__members=user).exclude(owner=user)
        place = Concat(Cast("position", CharField()), Value(" "), Coalesce(Cast("team", CharField()), Value("")))
        parts += [
            _part("own_teams", Team.objects.filter(members=user), key="pk", name="name"),
            *(
                _part(kind, views.annotate(place=place), key="pk", name="name", first="query", last="place")
                for kind, views in (("own", own), ("shared", shared))
            ),
        ]
    return parts[0].union(*parts[1:], all=True)


def _part(kind: str, queryset: QuerySet, *, key: str, name: str, first: str = "", last: str = "") -> QuerySet:
    def text(column: str) -> Cast:
        return Cast(F(column) if column else Value(""), CharField())

    columns = {"a_kind": Value(kind, CharField()), "b_key": text(key), "c_name": text(name),
               "d_first": text(first), "e_last": text(last)}  # fmt: skip
    return queryset.order_by().annotate(**columns).values_list(*columns)
