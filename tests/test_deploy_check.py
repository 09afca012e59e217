"""What an operator is told before a deployment: nothing, where all is as it should be."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import pytest

from config.env import VARIABLES
from tests.stack import ROOT

PRODUCTION = {
    "SITE_URL": "https://help.example.com",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "DATABASE_URL": "postgres://collie:secret@127.0.0.1:1/collie",  # no check asks the database
    "RELAY_API_KEY": "a key",
}
SHOW = """
import json
from django.conf import settings as s
names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SECURE_SSL_REDIRECT", "DEBUG",
         "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS",
         "SECURE_HSTS_PRELOAD"]
print(json.dumps({name: getattr(s, name) for name in names}))
"""


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {v.name for v in VARIABLES}}
    unset = {variable.name: "" for variable in VARIABLES}  # so that no line of a .env counts either
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env={**clean, **unset, **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_deployment_check_of_a_production_environment_is_clean():
    done = run("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "System check identified no issues (2 silenced)."


def test_the_check_still_speaks_up_where_there_is_no_https():
    done = run(
        "check", "--deploy", "--fail-level", "WARNING", **{**PRODUCTION, "SITE_URL": "http://help.example.com"}
    )
    assert done.returncode != 0 and {"security.W004", "security.W012"} <= set(
        done.stderr.replace(")", "(").split("(")
    )


@pytest.mark.parametrize("subdomains", ["", "1"])
def test_https_in_the_address_makes_cookies_and_redirects_safe(subdomains):
    hsts = {"HSTS_INCLUDE_SUBDOMAINS": subdomains, "HSTS_PRELOAD": subdomains}
    done = run("shell", "--no-imports", "-c", SHOW, **PRODUCTION, **hsts)
    assert json.loads(done.stdout) == {
        "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True,
        "SECURE_SSL_REDIRECT": True, "DEBUG": False, "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken", "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": bool(subdomains), "SECURE_HSTS_PRELOAD": bool(subdomains),
    }, done.stderr  # fmt: skip
