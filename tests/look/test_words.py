"""Whatever people read can be translated: no bare words in templates, no language is offered in vain."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(ROOT.glob("templates/**/*.html"))
SHOWN = {"title", "placeholder", "aria-label", "alt", "aria-description", "label"}
# Names, keys of the keyboard and code: the same in every language.
NAMES = {"AI", "Ctrl", "Enter", "Shift", "CSV", "Collie", "JSON", "USD", "UTC", "HTTP", "ms", "KB"}
BLOCK = re.compile(r"{%-?\s*blocktrans(?:late)?\b.*?{%-?\s*endblocktrans(?:late)?\s*-?%}", re.DOTALL)
CLASSES = r"{% block bodyclass %}.*?{% endblock %}"
COMMENT = re.compile(rf"{{#.*?#}}|{{%\s*comment.*?endcomment\s*%}}|{CLASSES}", re.DOTALL)
MARKUP = re.compile(r"{[%{].*?[%}]}", re.DOTALL)
WORD = re.compile(r"[^\W\d_]{2,}")


class Reader(HTMLParser):
    """Collects the text and the attributes that people read, and leaves out code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code += tag in ("code", "kbd", "script")
        self.found += [value for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag in ("code", "kbd", "script")

    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.found.append(data)


def bare_words(source: str) -> list[str]:
    """The texts of a template that no translation can reach."""
    reader = Reader()
    reader.feed(MARKUP.sub(" ", BLOCK.sub(" ", COMMENT.sub(" ", source))))
    texts = (" ".join(text.split()) for text in reader.found)
    return [text for text in texts if set(WORD.findall(text)) - NAMES]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ('<p>{% translate "Hello there" %} · Collie</p>', []),
        ("{% blocktranslate %}Hello <b>there</b>{% endblocktranslate %}", []),
        ('<input placeholder="Search">', ["Search"]),
        ("<input placeholder=\"{% translate 'Search' %}\">", []),
        ("<code>manage.py</code> <kbd>Ctrl</kbd> 12 h", []),
    ],
)
def test_bare_words_are_found(source, found):
    assert bare_words(source) == found


def test_no_template_has_bare_words():
    bare = {str(path.relative_to(ROOT)): bare_words(path.read_text()) for path in TEMPLATES}
    assert len(bare) > 50
    assert {name: words for name, words in bare.items() if words} == {}


def test_every_language_that_is_offered_has_its_catalogue():
    for language, _name in settings.LANGUAGES:
        folders = [Path(folder) / language / "LC_MESSAGES" for folder in settings.LOCALE_PATHS]
        assert language == "en" or any((folder / "django.mo").is_file() for folder in folders), language
