"""What the names in a file mean on this desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from tickets.importing.errors import RowError
from tickets.importing.rows import Row
from tickets.models import Category, Team


@dataclass(frozen=True)
class Names:
    """Ids by name in small letters: categories by slug and name, teams by name, people by user name and address.
    `routes` is category -> team, `addresses` are those of people who have an account."""

    categories: dict[str, int]
    teams: dict[str, int]
    people: dict[str, int]
    addresses: dict[str, int]
    routes: dict[int, int]

    @classmethod
    def load(cls) -> Self:
        categories = Category.objects.values_list("pk", "slug", "name")
        users = User.objects.values_list("pk", "username", "email")
        addresses = {email.casefold(): pk for pk, _username, email in users if email}
        return cls(
            categories={text.casefold(): pk for pk, slug, name in categories for text in (name, slug)},
            teams={name.casefold(): pk for pk, name in Team.objects.values_list("pk", "name")},
            people=addresses | {username.casefold(): pk for pk, username, _email in users},
            addresses=addresses,
            routes=Team.routes(),
        )

    def check(self, row: Row) -> None:
        """Raises RowError for a team or a person who is not here: without its team a ticket would be shown to
        everybody, so it is not imported as if nothing had been said."""
        leave_out = _("add it here first, or leave the field out with --map %s=")
        if row.team and self.team(row) is None:
            raise RowError(_("There is no team “%s”; ") % row.team[:60] + leave_out % "team")
        if row.assignee and self.assignee(row) is None:
            raise RowError(_("There is no account “%s”; ") % row.assignee[:60] + leave_out % "assignee")

    def category(self, row: Row) -> int | None:
        return self.categories.get(row.category.casefold())

    def team(self, row: Row) -> int | None:
        return self.teams.get(row.team.casefold())

    def assignee(self, row: Row) -> int | None:
        return self.people.get(row.assignee.casefold())

    def tags(self, row: Row) -> tuple[str, ...]:
        """The row's tags, and its category when that is none of ours."""
        if not row.category or self.category(row) is not None:
            return row.tags
        return tuple(dict.fromkeys((*row.tags, row.category[:100])))
