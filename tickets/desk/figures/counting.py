"""The figures of a period in four queries, whatever the number of tickets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.db.models import CharField, Count, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Least

from tickets.access import is_admin, tickets_for
from tickets.desk.figures.sql import QUARTER_HOUR, Epoch, place, quarter, ranked
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


def figures(user: User, period: Period, zone: tzinfo, team: str = "") -> Figures:
    """What `user` may see of it. `team` is an id, "none" for tickets without a team, "" for all."""
    tickets = tickets_for(user).order_by()
    if team:
        tickets = tickets.filter(team__isnull=True) if team == "none" else tickets.filter(team_id=team)
    start, end = period.bounds(zone)
    rows: defaultdict[Key, Row] = defaultdict(Row)
    _count(tickets, start, end, rows)
    _spread(tickets.filter(created__gte=start, created__lt=end), "first_response", "created", "response", rows)
    _spread(tickets.filter(resolved__gte=start, resolved__lt=end), "resolved", "created", "resolution", rows)
    total = rows.pop((EVERYBODY, None), Row())
    return Figures(_days(tickets, period, zone, total.backlog), total, _named(rows, TEAM), _named(rows, AGENT))


def team_choices(user: User) -> list[tuple[str, str]]:
    """The teams whose figures `user` may ask for."""
    teams = Team.objects.all() if is_admin(user) else user.teams.all()
    return [(str(pk), name) for pk, name in teams.order_by("name").values_list("pk", "name")]


_OF_TEAM = ("team_id", "team__name")
_OF_AGENT = ("assignee_id", "assignee__username", "assignee__first_name", "assignee__last_name")


def _count(tickets: QuerySet[Ticket], start: datetime, end: datetime, rows: defaultdict[Key, Row]) -> None:
    """What came in the period and what waits now, by team and agent together: one query."""
    came, waits = Q(created__gte=start, created__lt=end), Q(status__in=WAITING)
    groups = [_group(tickets.filter(condition), what) for condition, what in ((came, "created"), (waits, "backlog"))]
    for what, team_id, team, agent_id, username, first, last, number in groups[0].union(groups[1], all=True):
        named = {(EVERYBODY, None): "", (TEAM, team_id): team, (AGENT, agent_id): None}
        for key, name in named.items():
            row = rows[key]
            row.name = (display_name(first, last, username) if agent_id else "") if name is None else name
            setattr(row, what, getattr(row, what) + number)


def _group(tickets: QuerySet[Ticket], what: str) -> QuerySet[Ticket, Any]:
    grouped = tickets.values(*_OF_TEAM, *_OF_AGENT).annotate(what=Value(what, CharField()), number=Count("pk"))
    return grouped.values_list("what", *_OF_TEAM, *_OF_AGENT, "number")


def _spread(tickets: QuerySet[Ticket], end: str, start: str, what: str, rows: defaultdict[Key, Row]) -> None:
    """Median and 90th percentile of the time between two moments, for all, by team and by agent: one query."""
    windows, wanted = ranked({EVERYBODY: [], TEAM: ["team_id"], AGENT: ["assignee_id"]})
    took = tickets.filter(**{f"{end}__isnull": False}).annotate(seconds=Epoch(F(end)) - Epoch(F(start)))
    found = took.annotate(**windows).filter(wanted)
    for row in found.values("seconds", *_OF_TEAM, *_OF_AGENT, *windows):
        for group, whose in ((EVERYBODY, None), (TEAM, row["team_id"]), (AGENT, row["assignee_id"])):
            named = rows[group, whose]
            named.name = named.name or _name(row, group)
            spread: Spread = getattr(named, what)
            spread.count = row[f"{group}_n"]
            if row[f"{group}_rank"] == place(spread.count, 50):
                spread.median = row["seconds"]
            if row[f"{group}_rank"] == place(spread.count, 90):
                spread.p90 = row["seconds"]


def _name(row: dict[str, Any], group: str) -> str:
    if group == TEAM:
        return row["team__name"] or ""
    if group == AGENT and row["assignee_id"]:
        return display_name(row["assignee__first_name"], row["assignee__last_name"], row["assignee__username"])
    return ""


def _named(rows: dict[Key, Row], group: str) -> list[Row]:
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
