"""The .env file beside manage.py, read by the entry points; what the environment already says wins."""

from __future__ import annotations

import os
from pathlib import Path

from honcho import environ as procfile

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"


def load(path: Path = ENV_FILE) -> None:
    """Put the variables of `path` into os.environ unless they are there, even empty. No file: nothing happens."""
    if path.is_file():
        for name, value in procfile.parse(path.read_text()).items():
            os.environ.setdefault(name, value)
