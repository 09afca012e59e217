"""Which column feeds which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from tickets.importing.errors import ImportRefused

FIELDS = (
    "subject", "body", "email", "name", "external_id", "thread", "category", "priority", "status", "team", "assignee",
    "created_at", "tags",
)  # fmt: skip


def match_columns(columns: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Field -> column. `wanted` comes first, and a column named there feeds nothing else; an empty column leaves the
    field out. Other fields take the column of their own name; capital letters do not matter.

    Raises:
        ImportRefused: an unknown field or column, a column that is there twice, or nothing for the body.
    """
    fields: dict[str, str] = {}
    for field, column in wanted.items():
        if field not in FIELDS:
            raise ImportRefused(
                _("There is no field “%(field)s”; the fields are %(fields)s.")
                % {"field": field, "fields": ", ".join(FIELDS)}
            )
        if column:
            fields[field] = _find(columns, column, field)
    taken = set(fields.values())
    for field in FIELDS:
        if field not in wanted and any(_plain(column) == field for column in columns if column not in taken):
            fields[field] = _find([column for column in columns if column not in taken], field, field)
    if "body" not in fields:
        raise ImportRefused(
            _("No column is named body; name the one with the text: --map body=COLUMN. The columns are: %(columns)s.")
            % {"columns": _listed(columns)}
        )
    return fields


def _find(columns: Sequence[str], name: str, field: str) -> str:
    found = [column for column in columns if column == name] or [
        column for column in columns if _plain(column) == _plain(name)
    ]
    if not found:
        raise ImportRefused(
            _("There is no column “%(name)s” for %(field)s; the columns are: %(columns)s.")
            % {"name": name, "field": field, "columns": _listed(columns)}
        )
    if len(found) > 1:
        raise ImportRefused(
            _("The column “%(name)s” is there %(times)d times; give each a name of its own.")
            % {"name": name, "times": len(found)}
        )
    return found[0]


def _plain(name: str) -> str:
    return name.strip().casefold()


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(column[:60] or "(no name)" for column in columns[:50]) or _("none")
