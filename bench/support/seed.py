"""A desk of any size for the measurements: rows in bulk first, words and waiting times afterwards, all at once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from django.contrib.auth.models import Group, User
from django.db import connection, transaction

from tickets.access import ADMINS
from tickets.fulltext import setup
from tickets.models import Category, Customer, Message, Tag, Team, Ticket

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CHANCE = random.Random(7)
LETTERS = "abcdefghijklmnoprstuvw"
# Words as unevenly common as in a language: the first in nearly every text, most of them hardly ever.
VOCABULARY = ["".join(CHANCE.choices(LETTERS, k=CHANCE.randint(3, 9))) + "x" for _ in range(30_000)]
_WEIGHTS = list(accumulate(1 / (rank + 10) for rank in range(len(VOCABULARY))))
BATCH = 10_000
STATUSES = ["open"] * 12 + ["pending"] * 8 + ["resolved"] * 30 + ["closed"] * 50


def seed(count: int) -> dict[str, User]:
    """`count` tickets, a third of them with an answer; eight teams. carol sees all, alice's team has an eighth,
    frank's has three tickets, and every tenth ticket has no team."""
    teams = [Team.objects.create(name=f"Team {n}") for n in range(8)]
    small = Team.objects.create(name="Small")
    people = {name: User.objects.create(username=name) for name in ("alice", "frank", "carol")}
    agents = User.objects.bulk_create([User(username=f"agent{n}") for n in range(20)])
    teams[0].members.add(people["alice"], *agents[:3])
    small.members.add(people["frank"])
    people["carol"].groups.add(Group.objects.get(name=ADMINS))
    categories = list(Category.objects.all())
    tags = Tag.objects.bulk_create([Tag(name=f"tag{n}") for n in range(20)])
    customers = Customer.objects.bulk_create(
        [Customer(email=f"customer{n}@example.com", name=f"Customer {n}") for n in range(max(count // 20, 1))]
    )
    setup.before_migrate("default", [(Ticket._meta, False)])
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        with transaction.atomic():
            tickets = Ticket.objects.bulk_create(
                _ticket(customers, teams, categories, [*agents, people["alice"]]) for _ in range(size)
            )
            Message.objects.bulk_create(message for ticket in tickets for message in _messages(ticket, agents))
            link = Ticket.tags.through
            link.objects.bulk_create(link(ticket=ticket, tag=CHANCE.choice(tags)) for ticket in tickets[::4])
    Ticket.objects.filter(pk__in=Ticket.objects.order_by("pk").values("pk")[:3]).update(team=small)
    setup.after_migrate("default")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return people


def words(count: int) -> str:
    return " ".join(CHANCE.choices(VOCABULARY, cum_weights=_WEIGHTS, k=count))


def _ticket(customers: list[Customer], teams: list[Team], categories: list[Category], agents: list[User]) -> Ticket:
    created = NOW - timedelta(minutes=CHANCE.randrange(2 * 365 * 1440))
    status = CHANCE.choice(STATUSES)
    return Ticket(
        customer=CHANCE.choice(customers), subject=words(6), status=status,
        priority=CHANCE.choice(["high", "medium", "medium", "low"]), category=CHANCE.choice(categories),
        team=CHANCE.choice(teams) if CHANCE.random() < 0.9 else None, needs_review=CHANCE.random() < 0.02,
        assignee=CHANCE.choice(agents) if CHANCE.random() < 0.6 else None, created=created, updated=created,
        last_message=created + timedelta(minutes=CHANCE.randrange(10_000)),
        resolved=created if status in ("resolved", "closed") else None,
    )  # fmt: skip


def _messages(ticket: Ticket, agents: list[User]) -> list[Message]:
    opening = Message(ticket=ticket, kind="customer", body=words(34), created=ticket.created)
    if ticket.pk % 3:
        return [opening]
    reply = Message(
        ticket=ticket, kind="reply", body=words(20), created=ticket.last_message, author=CHANCE.choice(agents)
    )
    return [opening, reply]
