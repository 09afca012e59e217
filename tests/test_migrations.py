"""Upgrades without downtime: what a migration may do to tables that are in use while old processes still run.

Allowed are new tables, new columns (PostgreSQL adds them, default and all, without touching the rows) and indexes
made CONCURRENTLY. The rest locks a big table or takes from old processes what they use: it does not go in.
"""

from __future__ import annotations

import pytest
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader

OURS = ("tickets", "assistant")
FIRST_RELEASE = {"tickets": "0017", "assistant": "0014"}  # before it nobody has rows that could be locked

SAFE = (
    ops.CreateModel,
    ops.AddField,
    ops.AlterModelOptions,
    ops.AlterModelManagers,
    ops.SeparateDatabaseAndState,
)


def reads_or_fills_few_rows(operation) -> bool:
    """Data migrations say for themselves that they fill tables of a few rows."""
    return isinstance(operation, ops.RunPython) and bool(getattr(operation.code, "__doc__", None))


def dangers(migration) -> list[str]:
    """What `migration` does that would be felt while it runs; changes to tables that it makes itself are not."""
    made = {op.name_lower for op in migration.operations if isinstance(op, ops.CreateModel)}
    found = []
    for operation in migration.operations:
        table = getattr(operation, "model_name_lower", getattr(operation, "name_lower", ""))
        concurrent = isinstance(operation, ops.AddIndex) and not migration.atomic
        if table in made or isinstance(operation, SAFE) or concurrent or reads_or_fills_few_rows(operation):
            continue
        found.append(operation.describe())
    return found


def ours():
    loader = MigrationLoader(None)
    return [migration for (app, _name), migration in sorted(loader.disk_migrations.items()) if app in OURS]


def test_no_migration_since_the_first_release_locks_a_table_for_long():
    found = {
        f"{migration.app_label}.{migration.name}": dangers(migration)
        for migration in ours()
        if migration.name[:4] > FIRST_RELEASE[migration.app_label]
    }
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(
    "operation",
    [
        ops.RemoveField("ticket", "subject"),
        ops.RenameField("ticket", "subject", "title"),
        ops.DeleteModel("ticket"),
        ops.RunSQL("UPDATE tickets_ticket SET subject = ''"),
    ],
)
def test_what_would_be_felt_is_named(operation):
    migration = ours()[-1]
    migration.operations = [operation]
    assert dangers(migration) == [operation.describe()]
