"""Writes docs/environment.md from the table that Collie reads: `python -m docs.environment`."""

from __future__ import annotations

from pathlib import Path

from config.env import VARIABLES

PAGE = Path(__file__).with_name("environment.md")
HEAD = """# Environment

Every setting of Collie is a variable of the environment or a line in `.env` beside `manage.py`; what the environment
says wins. An empty value counts as unset. A value that cannot be used stops the start with a sentence that names it.
This page is made from `config/env.py` by `python -m docs.environment`.

| variable | default | what for |
|---|---|---|
"""


def page() -> str:
    rows = "".join(f"| `{variable.name}` | {shown(variable.default)} | {variable.help} |\n" for variable in VARIABLES)
    return HEAD + rows


def shown(default: object) -> str:
    """A default as one would write it into .env."""
    if default is None or default in ("", ()):
        return ""
    return f"`{int(default) if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    PAGE.write_text(page())
