"""Every address of the product, from its own list of them: a page that is added is found here without being named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from django.apps import apps
from django.contrib.admin import site
from django.db.models import Model
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

# Libraries' own: their pages are written by others, or they are no part of the desk.
NOT_OURS = ("/api/", "/admin/jsi18n/", "/admin/r/", "/admin/autocomplete/")


@dataclass(frozen=True)
class Address:
    name: str
    path: str

    @property
    def template(self) -> str:
        """What its page is made of: the admin has one list, one form and so on for all models."""
        model, action = _model(self.name)
        return action if model in site._registry else self.name


def addresses(stack, **known) -> tuple[list[Address], list[str]]:
    """Those whose parts can be filled in, and the names of those that ask for something that is not there."""
    said = stack.manage("shell", "--no-imports", "-c", "from tests.browser.specimens import make; make()")
    values = json.loads(said.splitlines()[-1]) | known
    found, missing = [], []
    for name, pattern in _named(get_resolver()):
        wanted = set(pattern.pattern.converters)
        given = {**values, **values.get(name.rpartition(":")[2], {}), **_row(stack, name)}
        if "app_label" in pattern.pattern.regex.groupindex:
            wanted.add("app_label")
        try:
            path = reverse(name, kwargs={part: given[part] for part in wanted})
        except (KeyError, NoReverseMatch):
            missing.append(name)
            continue
        if not path.startswith(NOT_OURS) and _is_open(name):
            found.append(Address(name, path))
    return found, missing


def _named(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for part in resolver.url_patterns:
        if isinstance(part, URLPattern):
            if part.name:
                yield f"{space}{part.name}", part
        else:
            yield from _named(part, f"{space}{part.namespace}:" if part.namespace else space)


def _is_open(name: str) -> bool:
    """Whether the admin has that page for anybody: what is read-only cannot be added to, or deleted from."""
    model, action = _model(name)
    if model not in site._registry:
        return True
    rights = SimpleNamespace(has_perm=lambda right, obj=None: not right.startswith("axes."))
    pages, request = site._registry[model], SimpleNamespace(user=rights)
    asks = {"add": pages.has_add_permission, "delete": pages.has_delete_permission}
    return bool(asks.get(action, pages.has_view_or_change_permission)(request))


def _model(name: str) -> tuple[type[Model] | None, str]:
    app, _, rest = name.removeprefix("admin:").partition("_")
    model, _, action = rest.partition("_")
    return (apps.all_models.get(app, {}).get(model) if name.startswith("admin:") else None), action


def _row(stack, name: str) -> dict[str, object]:
    """The newest row of the model that a page of the admin is about."""
    model, _action = _model(name)
    if not model:
        return {}
    key = model._meta.pk.column
    rows = stack.rows(f"SELECT {key} FROM {model._meta.db_table} ORDER BY {key} DESC LIMIT 1")
    return {"object_id": rows[0][0], "pk": rows[0][0]} if rows else {}
