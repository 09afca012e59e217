"""What is said of pip-audit's answers: a weakness fails, silence is called silence."""

from __future__ import annotations

import importlib.util
import json

import pytest

from tests.stack import ROOT

spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert spec and spec.loader
audit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit)

GOOD = {"name": "django", "version": "5.2.9", "vulns": []}
WEAK = {"name": "urllib3", "version": "1.0", "vulns": [{"id": "CVE-2099-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "redis", "skip_reason": "Dependency not found on PyPI"}


def answer(*packages) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("code", "out", "err", "ends", "says"),
    [
        (0, answer(GOOD), "", 0, "1 packages audited, no known weakness."),
        (1, answer(GOOD, WEAK), "", 1, "urllib3 1.0: CVE-2099-1, mended in 1.1"),
        (1, answer(UNKNOWN, WEAK), "", 1, "CVE-2099-1"),
        (0, answer(UNKNOWN), "", 0, "NOT AUDITED: the service knew none of the 1 packages"),
        (0, answer(GOOD, UNKNOWN), "", 0, "NOT AUDITED, since the service does not know them: redis."),
        (1, "", "Traceback\nConnectionError: Failed to resolve 'pypi.org'", 0, "could not be asked (ConnectionError"),
        (1, "", "ERROR:pip_audit._cli:requirements.txt: file not found", 1, "could not be run"),
        (2, "", "usage: pip-audit [-h]\npip-audit: error: unrecognized arguments", 1, "could not be run"),
    ],
)
def test_a_weakness_fails_and_silence_is_said_to_be_silence(code, out, err, ends, says):
    status, said = audit.verdict(code, out, err)
    assert status == ends and says in said


def test_it_is_part_of_what_every_change_must_pass():
    assert "make audit" in (ROOT / ".ci" / "run").read_text()
    assert ".ci/audit.py" in (ROOT / "Makefile").read_text()
