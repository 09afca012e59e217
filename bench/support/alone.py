"""Django on a database that is a measurement's own, and gone with its process."""

from __future__ import annotations

import os
import tempfile

import django


def set_up(**own: str) -> tempfile.TemporaryDirectory[str]:
    """Before anything of the project is imported. `own`: environment variables. The folder of the database, which
    lives as long as it is held."""
    folder = tempfile.TemporaryDirectory()
    defaults = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{folder.name}/bench.sqlite3",
        "RELAY_API_KEY": "bench",
    }
    os.environ |= defaults | own
    django.setup()
    return folder
