"""The figures of a period in five queries, whatever the number of tickets."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.db.models import CharField, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Least

from tickets.access import is_admin, tickets_for
from tickets.desk.figures.sql import QUARTER_HOUR, Epoch, quarter
from tickets.models import Team, Ticket
from tickets.models.choices import Status
from tickets.people import display_name
from tickets.periods import Period

WAITING = (Status.OPEN, Status.PENDING)
EVERYBODY, TEAM, AGENT = "all", "team", "agent"
Key = tuple[str, int | None]  # EVERYBODY, TEAM or AGENT, and whose: None for no team, nobody


@dataclass
class Spread:
    """How long something took, in seconds, nearest rank. None while nothing did."""

    count: int = 0
    median: int | None = None
    p90: int | None = None


@dataclass
class Row:
    """One team or agent, or all together."""

    name: str = ""
    created: int = 0
    backlog: int = 0
    response: Spread = field(default_factory=Spread)
    resolution: Spread = field(default_factory=Spread)


@dataclass(frozen=True)
class Day:
    """What came and what was solved on a day, and what waited when it ended."""

    day: date
    created: int
    solved: int
    backlog: int


@dataclass(frozen=True)
class Figures:
    days: list[Day]
    total: Row
    teams: list[Row]
    agents: list[Row]


@dataclass(frozen=True)
class Directory:
    """What teams and agents are called, and the teams whose figures somebody may choose."""

    names: dict[Key, str]
    choices: list[tuple[str, str]]


def directory(user: User) -> Directory:
    """In one query, whoever is named in a figure and whether `user` may ask for that team alone."""
    own = Value(True) if is_admin(user) else Exists(user.teams.filter(pk=OuterRef("pk")))
    no_text = Value("", CharField())
    teams = Team.objects.order_by().values_list(Value(TEAM, CharField()), "pk", "name", no_text, no_text, own)
    people = User.objects.order_by().values_list(
        Value(AGENT, CharField()), "pk", "username", "first_name", "last_name", Value(False)
    )
    rows = sorted(teams.union(people, all=True), key=lambda row: str(row[2]).casefold())
    names = {(kind, pk): display_name(first, last, name) for kind, pk, name, first, last, _own in rows}
    return Directory(names, [(str(pk), name) for kind, pk, name, _f, _l, is_own in rows if kind == TEAM and is_own])


def figures(user: User, period: Period, zone: tzinfo, team: str = "", named: Directory | None = None) -> Figures:
    """What `user` may see of it. `team` is an id, "none" for tickets without a team, "" for all."""
    tickets = tickets_for(user).order_by()
    if team:
        tickets = tickets.filter(team__isnull=True) if team == "none" else tickets.filter(team_id=team)
    start, end = period.bounds(zone)
    rows: defaultdict[Key, Row] = defaultdict(Row)
    _count(tickets, start, end, rows)
    _spread(tickets.filter(created__gte=start, created__lt=end), "first_response", "response", rows)
    _spread(tickets.filter(resolved__gte=start, resolved__lt=end), "resolved", "resolution", rows)
    total = rows.pop((EVERYBODY, None), Row())
    names = (named or directory(user)).names
    for key, row in rows.items():
        row.name = names.get(key, "")
    return Figures(_days(tickets, period, zone, total.backlog), total, _by_name(rows, TEAM), _by_name(rows, AGENT))


def _count(tickets: QuerySet[Ticket], start: datetime, end: datetime, rows: defaultdict[Key, Row]) -> None:
    """What came in the period and what waits now, by team and agent together: one query."""
    came, waits = Q(created__gte=start, created__lt=end), Q(status__in=WAITING)
    groups = [_group(tickets.filter(condition), what) for condition, what in ((came, "created"), (waits, "backlog"))]
    for what, team_id, agent_id, number in groups[0].union(groups[1], all=True):
        for key in ((EVERYBODY, None), (TEAM, team_id), (AGENT, agent_id)):
            setattr(rows[key], what, getattr(rows[key], what) + number)


def _group(tickets: QuerySet[Ticket], what: str) -> QuerySet[Ticket, Any]:
    grouped = tickets.values("team_id", "assignee_id").annotate(what=Value(what, CharField()), number=Count("pk"))
    return grouped.values_list("what", "team_id", "assignee_id", "number")


def _spread(tickets: QuerySet[Ticket], end: str, what: str, rows: defaultdict[Key, Row]) -> None:
    """Median and 90th percentile of the time from a ticket's creation, for all, by team and by agent: one query.

    The times come as three bare numbers a ticket, read from an index, and are sorted here: ten times quicker than
    SQLite's window functions, and 24 bytes a ticket.
    """
    took = tickets.filter(**{f"{end}__isnull": False}).annotate(seconds=Epoch(F(end)) - Epoch(F("created")))
    times: defaultdict[Key, array[int]] = defaultdict(lambda: array("q"))
    for team_id, agent_id, seconds in took.values_list("team_id", "assignee_id", "seconds").iterator(10_000):
        times[EVERYBODY, None].append(seconds)
        times[TEAM, team_id].append(seconds)
        times[AGENT, agent_id].append(seconds)
    for key, found in times.items():
        ordered = sorted(found)
        setattr(rows[key], what, Spread(len(ordered), percentile(ordered, 50), percentile(ordered, 90)))


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest of the values that at least so many in a hundred are not above (nearest rank)."""
    return ordered[(len(ordered) * percent + 99) // 100 - 1]


def _by_name(rows: dict[Key, Row], group: str) -> list[Row]:
    """By name; those without one (no team, nobody) last."""
    chosen = [row for (kind, _whose), row in rows.items() if kind == group]
    return sorted(chosen, key=lambda row: (not row.name, row.name.casefold()))


def _days(tickets: QuerySet[Ticket], period: Period, zone: tzinfo, waiting: int) -> list[Day]:
    """Day by day. What waited at a day's end is what waits now, less what came since, and what was solved since."""
    start, end = period.bounds(zone)
    created, solved = defaultdict[date, int](int), defaultdict[date, int](int)
    since = {"created": 0, "resolved": 0}
    counted = {"created": created, "resolved": solved}
    parts = [_by_quarter(tickets, name, start, end) for name in counted]
    for name, number, count in parts[0].union(parts[1], all=True):
        moment = datetime.fromtimestamp(number * QUARTER_HOUR, zone)
        if moment < end:
            counted[name][moment.date()] += count
        else:
            since[name] += count
    backlog = waiting - since["created"] + since["resolved"]
    days = []
    for day in reversed(period.days):
        days.append(Day(day, created[day], solved[day], backlog))
        backlog += solved[day] - created[day]
    return days[::-1]


def _by_quarter(tickets: QuerySet[Ticket], name: str, start: datetime, end: datetime) -> QuerySet[Ticket, Any]:
    """Counts by quarter hour; all that is after `end` stands in the one that begins there."""
    last = Value(int(end.timestamp()) // QUARTER_HOUR, IntegerField())
    chosen = tickets.filter(**{f"{name}__gte": start}).annotate(quarter=Least(quarter(name), last))
    counted = chosen.values("quarter").annotate(what=Value(name, CharField()), number=Count("pk"))
    return counted.values_list("what", "quarter", "number")
