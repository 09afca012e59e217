"""What a command says on a database that was never set up, instead of the database's own words."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _


class NeedsTables(BaseCommand):
    def execute(self, *args: Any, **options: Any) -> str | None:
        if not MigrationRecorder(connection).has_table():
            raise CommandError(
                _(
                    "The database %(name)s has no tables yet: run `python manage.py migrate` first. "
                    "DATABASE_URL names another database."
                )
                % {"name": connection.settings_dict["NAME"]},
                returncode=2,
            )
        return super().execute(*args, **options)
