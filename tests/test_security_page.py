"""docs/security.md names a test for each promise: each of them is there."""

from __future__ import annotations

import ast
import re

from tests.stack import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_the_page_names_exists():
    missing = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).is_file() or (name and name not in names_in(path))
    ]
    assert missing == [] and len(NAMED) > 50


def test_every_threat_names_a_test():
    rows = PAGE.split("## Threats")[1].split("\n\n")[1].splitlines()[2:]
    assert len(rows) >= 20
    assert [row for row in rows if not re.search(r"\| `tests/[^|]+\|$", row)] == []
