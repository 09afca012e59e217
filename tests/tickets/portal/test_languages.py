"""Half a page in another language helps nobody: what customers read is translated whole."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
_IN_TEMPLATES = re.compile(r"\{% translate (?:\"([^\"]+)\"|'([^']+)')")
_IN_BLOCKS = re.compile(r"\{% blocktranslate[^%]*%\}(.*?)\{% endblocktranslate %\}", re.DOTALL)
_IN_CODE = re.compile(r"\b_\(\s*\"([^\"]+)\"")
_AT_THE_DESK = {"password.md", "invitation.md"}
_FOR_AGENTS = {"the customer opened it again"}


def sentences() -> set[str]:
    found = set()
    for path in (ROOT / "templates" / "portal").rglob("*.*"):
        if path.name not in _AT_THE_DESK:
            text = path.read_text()
            found |= {first or second for first, second in _IN_TEMPLATES.findall(text)}
            blocks = (part for block in _IN_BLOCKS.findall(text) for part in block.split("{% plural %}"))
            found |= {re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", part) for part in blocks}
    for path in (ROOT / "tickets" / "portal").glob("*.py"):
        found |= set(_IN_CODE.findall(path.read_text()))
    return found - _FOR_AGENTS


@pytest.mark.parametrize("code", [code for code, _name in settings.PORTAL_LANGUAGES if code != "en"])
def test_every_sentence_of_customers_pages_is_translated(code):
    folder = ROOT / "tickets" / "portal" / "locale" / code / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    known = {key[0] if isinstance(key, tuple) else key for key in catalogue}
    plurals = re.findall(r'^msgid_plural "(.*)"$', (folder / "django.po").read_text(), re.MULTILINE)
    known |= {plural.replace('\\"', '"') for plural in plurals}
    assert len(sentences()) > 60 and sentences() - known == set()
