"""The house rules on imports, held with the ast module: one way, and nobody goes round the doors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("tickets", "assistant", "config")
DOORS = ("admin", "desk", "views", "api", "consumers", "routing", "urls", "tasks", "management", "context")
VERBS = (
    "gateway",
    "ledger",
    "throttle",
    "pricing",
    "triage",
    "drafts",
    "mail",
    "webhooks",
    "labels",
    "importer",
    "search",
    "access",
)


def modules() -> dict[str, Path]:
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imports_of(name: str, path: Path) -> set[str]:
    """Every module that `path` imports, also inside functions, relative ones made absolute."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            found |= {start} | {f"{start}.{alias.name}" for alias in node.names}
    return found


IMPORTS = {name: imports_of(name, path) for name, path in modules().items()}


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def offenders(importer_ok, imported_bad) -> list[str]:
    """`module -> import` for each import that is bad and whose module has no leave to make it."""
    return sorted(
        f"{name} -> {target}"
        for name, targets in IMPORTS.items()
        if not importer_ok(name)
        for target in targets
        if imported_bad(target)
    )


def test_the_helpdesk_knows_nothing_of_the_assistant():
    assert not offenders(lambda n: not inside(n, "tickets"), lambda t: inside(t, "assistant"))


def test_nobody_imports_the_configuration():
    assert not offenders(lambda n: inside(n, "config"), lambda t: inside(t, "config"))


def test_the_transport_knows_neither_models_nor_django():
    def above(target: str) -> bool:
        ours = inside(target, "assistant", "tickets") and not inside(target, "assistant.relay")
        return (ours and target != "assistant") or inside(target, "django")

    assert not offenders(lambda n: not inside(n, "assistant.relay"), above)


def test_only_the_relay_client_imports_requests():
    assert not offenders(lambda n: n == "assistant.relay.client", lambda t: inside(t, "requests"))


def test_only_its_command_imports_the_simulated_relay():
    def allowed(name: str) -> bool:
        return inside(name, "assistant.simulator", "assistant.management.commands.simulate_relay")

    assert not offenders(allowed, lambda t: inside(t, "assistant.simulator"))


def layer(name: str) -> int:
    """2 for doors, 1 for verbs, 0 for models, relay and plain helpers."""
    parts = name.split(".")[1:]
    if parts and parts[0] in DOORS:
        return 2
    return 1 if parts and parts[0] in VERBS else 0


@pytest.mark.parametrize("app", ["tickets", "assistant"])
def test_verbs_do_not_import_doors_and_models_import_neither(app):
    wrong = [
        f"{name} -> {target}"
        for name, targets in IMPORTS.items()
        if inside(name, app) and name.split(".")[1:2] != ["apps"]
        for target in targets
        if inside(target, "tickets", "assistant") and target in IMPORTS and layer(name) < layer(target)
        and (inside(name, f"{app}.models", f"{app}.relay") or layer(name) == 1)
    ]  # fmt: skip
    assert not wrong


def test_every_module_was_looked_at():
    assert len(IMPORTS) > 40
