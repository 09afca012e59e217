"""Whatever people read can be translated, also what Python and scripts say: it is marked where it is written."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for app in ("tickets", "assistant") for path in (ROOT / app).rglob("*.py"))
SCRIPTS = sorted(path for app in ("tickets", "assistant") for path in (ROOT / app).glob("static/**/*.js"))
# Where programs are spoken to, in English as their code is: the shell, the API, the simulator, the demo.
ELSEWHERE = re.compile(r"/(management|migrations|api|simulator|demo)/|/checks\.py$")
SHOWN_NAMES = {
    "label", "help_text", "verbose_name", "verbose_name_plural", "description", "search_help_text", "title",
    "short_description", "empty_label", "site_header", "site_title", "index_title",
}  # fmt: skip
SAYING = {"success", "warning", "error", "info", "ValidationError", "BadFrame", "Http404", "DraftRefused"}
NAMES = {"Collie", "AI", "USD", "CNY", "Message", "Markdown", "JSON", "CSV"}
WORD = re.compile(r"[^\W\d_]{2,}")
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`((?:[^`\\]|\\.)*)`')
SENTENCE = re.compile(r"^[A-Z][a-z]+[ ,.:…!?]|[a-z]+ [a-z]+ [a-z]+[.!?…]$")


def bare(node: ast.expr | None) -> list[str]:
    """The words of a literal that no translation reaches."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        texts = [node.value]
    elif isinstance(node, ast.JoinedStr):
        texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
    elif isinstance(node, ast.IfExp):
        return bare(node.body) + bare(node.orelse)
    elif isinstance(node, ast.BinOp):
        return bare(node.left)
    else:
        return []
    return [text for text in texts if set(WORD.findall(text)) - NAMES]


def said(tree: ast.Module) -> Iterator[ast.expr]:
    """Every expression that becomes a text for people."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from of_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from of_class(node)


def of_call(node: ast.Call) -> Iterator[ast.expr]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(function.value, "id", "") if isinstance(function, ast.Attribute) else ""
    yield from (keyword.value for keyword in node.keywords if keyword.arg in SHOWN_NAMES)
    if owner == "messages" and name in SAYING:
        yield from node.args[1:2]
    elif not owner and name in SAYING:
        yield from node.args[-1:]
    elif owner == "models" and name.endswith("Field"):
        yield from node.args[:1]
    for keyword in node.keywords:
        if keyword.arg == "error_messages" and isinstance(keyword.value, ast.Dict):
            yield from keyword.value.values


def of_class(node: ast.ClassDef) -> Iterator[ast.expr]:
    choices = any(getattr(base, "attr", "") in ("TextChoices", "IntegerChoices") for base in node.bases)
    for line in node.body:
        if not isinstance(line, ast.Assign):
            continue
        if choices and isinstance(line.value, ast.Tuple):
            yield line.value.elts[-1]
        if any(getattr(target, "id", "") in SHOWN_NAMES for target in line.targets):
            yield line.value


def words_in(source: str) -> list[str]:
    return [text for node in said(ast.parse(source)) for text in bare(node)]


def sentences(source: str) -> list[str]:
    """Literals of a script that read like a sentence. A comment's quotes are no literals."""
    code = "\n".join(re.sub(r"(^|\s)//.*", "", line) for line in source.splitlines())
    found = ("".join(groups) for groups in QUOTED.findall(code))
    return [text for text in found if SENTENCE.search(text)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('messages.error(request, "It failed.")', ["It failed."]),
        ('messages.error(request, f"{n} have failed.")', [" have failed."]),
        ('messages.error(request, _("It failed."))', []),
        ('raise ValidationError("Too long")', ["Too long"]),
        ('class A(models.TextChoices):\n    B = "b", "Best"', ["Best"]),
        ('name = models.CharField("name", max_length=3)', ["name"]),
        ('forms.CharField(label="Name", error_messages={"required": "Say it."})', ["Name", "Say it."]),
        ('logger.error("For the log alone")', []),
    ],
)
def test_bare_words_of_python_are_found(source, found):
    assert words_in(source) == found


def test_sentences_of_scripts_are_found():
    assert sentences('say("Nothing was sent."); part("row-1 .row-check") // "Not this one."') == ["Nothing was sent."]
    assert sentences('say(words.lost); element.querySelector("details.menu[open]")') == []


def test_no_python_says_bare_words_to_people():
    inside = [path for path in MODULES if not ELSEWHERE.search(str(path))]
    found = {str(path.relative_to(ROOT)): words_in(path.read_text()) for path in inside}
    assert len(found) > 150
    assert {name: words for name, words in found.items() if words} == {}


def test_no_script_says_bare_words_to_people():
    found = {path.name: sentences(path.read_text()) for path in SCRIPTS}
    assert len(found) > 20
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.soak
@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
def test_everything_marked_is_gathered_for_translators(tmp_path):
    for folder in ("tickets", "assistant", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.pyc", "locale"))
    (tmp_path / "locale").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "de"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    catalogue = "".join(path.read_text() for path in tmp_path.rglob("django.po"))
    for text in ("Save these filters into this view", "%n min", "Snoozed until %(moment)s", "Unassigned"):
        assert f'msgid "{text}"' in catalogue, text
