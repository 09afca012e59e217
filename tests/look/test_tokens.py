"""The colours of tokens.css can be read in both themes, and the scripts of all pages together stay small."""

from __future__ import annotations

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "tickets/static/tickets/css/tokens.css").read_text()
PAIRS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS)
}
SURFACES = ("surface", "surface-2", "surface-3")
# (what is written, on what): WCAG 2.2, 1.4.3 asks for 4.5 to 1
TEXTS = [
    *product(("text", "muted"), (*SURFACES, "accent-soft", "danger-soft", "warn-soft", "note")),
    *product(("pasture", "accent-strong", "danger", "warn"), SURFACES),
    ("pasture", "accent-soft"), ("danger", "danger-soft"), ("warn", "warn-soft"), ("on-accent", "pasture"),
    ("on-accent", "accent-strong"),
]  # fmt: skip
# Edges of what can be pressed or filled in: 1.4.11 asks for 3 to 1
EDGES = list(product(("line-strong", "pasture", "danger"), ("surface", "surface-2")))
SCRIPTS = 30 * 1024


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def too_faint(pairs, least: float) -> list[str]:
    return [
        f"{front} on {back}, {theme}: {ratio:.2f}"
        for front, back in pairs
        for at, theme in enumerate(("light", "dark"))
        if (ratio := contrast(PAIRS[front][at], PAIRS[back][at])) < least
    ]


def test_contrast_is_reckoned_as_the_guidelines_do():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_every_text_can_be_read_on_every_surface_it_stands_on():
    assert too_faint(TEXTS, 4.5) == []


def test_the_edges_of_controls_can_be_seen():
    assert too_faint(EDGES, 3) == []


def test_all_scripts_together_are_small():
    scripts = [*ROOT.glob("tickets/static/**/*.js"), *ROOT.glob("assistant/static/**/*.js")]
    sizes = {str(path.relative_to(ROOT)): len(gzip.compress(path.read_bytes())) for path in scripts}
    assert len(sizes) > 5
    assert sum(sizes.values()) < SCRIPTS, sizes


def test_there_is_no_style_or_script_in_a_template():
    inline = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE)
    found = {
        str(path.relative_to(ROOT)): inline.findall(path.read_text())
        for path in ROOT.glob("templates/**/*.html")
        if inline.search(path.read_text())
    }
    assert found == {}
