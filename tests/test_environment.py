"""The environment: defaults, clear refusals, and .env.example kept true."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from config import env, env_file
from docs import environment

ROOT = Path(__file__).resolve().parent.parent


def test_nothing_set_gives_the_defaults():
    values = env.read({})
    assert values["RELAY_BASE_URL"] == "https://api.holysheep.ai/v1"
    assert (values["RELAY_RPM"], values["TRIAGE_MODEL"], values["DRAFT_MODEL"]) == (60, "deepseek-v3.2", "gpt-4.1")
    assert values["MONTHLY_BUDGET_USD"] is None and values["AI_ENABLED"] is True and values["DEBUG"] is False


def test_an_empty_value_counts_as_unset():
    assert env.read({"RELAY_RPM": " ", "MONTHLY_BUDGET_USD": ""}) == env.read({})


def test_values_are_read_by_their_type():
    values = env.read(
        {"ALLOWED_HOSTS": "a.example, b.example", "MONTHLY_BUDGET_USD": "12.50", "AI_ENABLED": "no",
         "RELAY_BASE_URL": "http://127.0.0.1:9/v1/"}
    )  # fmt: skip
    assert values["ALLOWED_HOSTS"] == ("a.example", "b.example")
    assert values["MONTHLY_BUDGET_USD"] == Decimal("12.50")
    assert values["AI_ENABLED"] is False
    assert values["RELAY_BASE_URL"] == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RELAY_RPM", "0"),
        ("RELAY_RPM", "many"),
        ("TRIAGE_BATCH_SIZE", "-1"),
        ("MONTHLY_BUDGET_USD", "-5"),
        ("MONTHLY_BUDGET_USD", "NaN"),
        ("AI_ENABLED", "perhaps"),
        ("RELAY_BASE_URL", "api.example.com"),
        ("RELAY_BASE_URL", "https://user:hunter2@api.example.com/v1"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("CSRF_TRUSTED_ORIGINS", "help.example.com"),
        ("RELAY_CA_BUNDLE", "/nowhere/ca.pem"),
        ("EMAIL_URL", "mail.example.com"),
        ("EMAIL_URL", "smtp://mail.example.com/?ssl=1"),
        ("MAIL_FROM", "Support"),
        ("MAIL_FROM", "support+desk@example.com"),
        ("INBOUND_MAIL_URL", "pop3://user:pw@mail.example.com"),
    ],
)
def test_a_bad_value_stops_the_start_with_a_sentence_that_names_it(name, value):
    with pytest.raises(env.BadValue, match=f"^{name} must .*\\.$"):
        env.read({name: value})


def test_the_command_line_shows_that_sentence_and_no_traceback():
    environ = {**os.environ, "TRIAGE_BATCH_SIZE": "none"}
    result = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert result.stderr.strip() == ("Collie cannot start: TRIAGE_BATCH_SIZE must be a whole number, not 'none'.")


def test_what_the_address_of_the_database_asks_for_reaches_the_driver():
    environ = {**os.environ, "DATABASE_URL": "postgres://collie@db/collie?sslmode=verify-full"}
    script = "from config import settings; print(settings.DATABASES['default']['OPTIONS'])"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert "'sslmode': 'verify-full'" in found.stdout and "'pool'" in found.stdout, found.stderr


def test_a_value_that_may_hold_a_password_is_not_repeated():
    for name in ("DATABASE_URL", "RELAY_BASE_URL", "EMAIL_URL", "INBOUND_MAIL_URL"):
        with pytest.raises(env.BadValue) as refused:
            env.read({name: "mysql://collie:hunter2@db/collie"})
        assert "hunter2" not in str(refused.value)


def test_the_file_fills_in_only_what_the_environment_leaves_open(tmp_path, monkeypatch):
    path = tmp_path / ".env"
    path.write_text("TRIAGE_MODEL=from-file\nDRAFT_MODEL=from-file\n# RELAY_RPM=1\n")
    monkeypatch.delenv("TRIAGE_MODEL", raising=False)
    monkeypatch.setenv("DRAFT_MODEL", "")
    env_file.load(path)
    assert (os.environ["TRIAGE_MODEL"], os.environ["DRAFT_MODEL"]) == ("from-file", "")
    monkeypatch.delenv("TRIAGE_MODEL")


def test_the_example_file_names_every_variable():
    example = (ROOT / ".env.example").read_text()
    named = {line.lstrip("#").split("=")[0] for line in example.splitlines() if "=" in line and " " not in line}
    assert named == {variable.name for variable in env.VARIABLES}


def test_the_page_of_the_environment_is_made_from_the_table():
    assert environment.PAGE.read_text() == environment.page(), "run python -m docs.environment"
