"""Controls painted without templates: dozens of them stand on the pages that people open most."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.safestring import SafeString, mark_safe


def options_html(choices: Iterable[tuple[Any, Any]], chosen: str) -> SafeString:
    """`<option>` after `<option>`; values and names are escaped here."""
    pairs = ((str(value), escape(str(name))) for value, name in choices)
    return mark_safe("".join(  # noqa: S308
        f'<option value="{escape(value)}"{" selected" * (value == chosen)}>{name}</option>' for value, name in pairs
    ))  # fmt: skip


class Choose(forms.Select):
    """Takes one value of a flat list."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        marks = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        chosen = "" if value is None else str(value)
        return mark_safe(f"<select{marks}>{options_html(self.choices, chosen)}</select>")  # noqa: S308


class _Line(forms.widgets.Input):
    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        own = {"type": widget["type"], "name": name, "value": widget["value"]}
        marks = flatatt({key: mark for key, mark in own.items() if mark is not None} | widget["attrs"])
        return mark_safe(f"<input{marks}>")  # noqa: S308


class Line(_Line, forms.TextInput):
    pass


class Day(_Line, forms.DateInput):
    input_type = "date"


class Tick(_Line, forms.CheckboxInput):
    pass
