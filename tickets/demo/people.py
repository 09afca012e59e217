"""The three people of the demo and their teams. Their password is public: never on a desk that is in use."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext as _

from tickets.access import ADMINS
from tickets.models import Category, Team

PASSWORD = "collie-demo"  # noqa: S105  (public on purpose; see DeskInUse)
TEAMS = {
    "Support": (
        ["technical", "general"],
        "We look after an online shop builder. Be friendly and concrete, give numbered steps, and ask for one thing "
        "at a time: the shop's address, the time of the fault, the words of the error. Never ask for a password.",
    ),
    "Accounts": (
        ["billing", "sales"],
        "We handle invoices, payments, refunds and plans. State amounts with their currency and dates in full. "
        "Promise no refund and no discount; say that a colleague checks it and by when.",
    ),
}
PEOPLE = {"alice": ("Alice", "Support"), "bob": ("Bob", "Accounts"), "carol": ("Carol", "")}


class DeskInUse(Exception):
    """The database has accounts that are not the demo's; the message says what to do."""


@dataclass(frozen=True)
class Staff:
    """`by_category`: category -> the agent who looks after it."""

    alice: User
    bob: User
    carol: User
    by_category: dict[Category, User]


def ensure_staff() -> Staff:
    """The demo's people and teams, made where they are missing and left as they are where they are not.

    Raises:
        DeskInUse: this is somebody's desk, which three accounts with a public password would open to everybody.
    """
    _refuse_a_desk_in_use()
    teams = {name: _team(name, *content) for name, content in TEAMS.items()}
    users = {username: _user(username, *who, teams) for username, who in PEOPLE.items()}
    agents = {teams["Support"]: users["alice"], teams["Accounts"]: users["bob"]}
    by_category = {category: agent for team, agent in agents.items() for category in team.categories.all()}
    return Staff(users["alice"], users["bob"], users["carol"], by_category)


def _refuse_a_desk_in_use() -> None:
    ours = User.objects.filter(email__in=map(_address, PEOPLE))
    if ours.exists():
        return
    others = list(User.objects.order_by("pk").values_list("username", flat=True)[:3])
    if others:
        raise DeskInUse(
            _(
                "This desk is in use (it has the account %(names)s), and the demo's accounts have a public password; "
                "set DATABASE_URL to a new database for the demo."
            )
            % {"names": ", ".join(others)}
        )


def _team(name: str, slugs: list[str], instructions: str) -> Team:
    team, created = Team.objects.get_or_create(name=name, defaults={"instructions": instructions})
    if created:
        team.categories.set(Category.objects.filter(slug__in=slugs))
    return team


def _user(username: str, first_name: str, team: str, teams: dict[str, Team]) -> User:
    defaults = {"email": _address(username), "first_name": first_name}
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create(username=username, password=make_password(PASSWORD), **defaults)
        if team:
            teams[team].members.add(user)
        else:
            user.groups.add(Group.objects.get_or_create(name=ADMINS)[0])
    return user


def _address(username: str) -> str:
    return f"{username}@collie-demo.invalid"
