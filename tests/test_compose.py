"""compose.yaml and Dockerfile, kept honest: what they name exists, and what they start works together."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import dj_database_url
import psycopg
import pytest
import yaml

from config.env import VARIABLES
from tests.stack import MANAGE, ROOT, Process, environ, manage

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STEPS = dict(re.findall(r"^(FROM|USER|CMD|HEALTHCHECK|EXPOSE) (.*)$", DOCKERFILE, re.MULTILINE))
PATIENCE = 90.0


def test_every_variable_that_compose_sets_is_one_of_ours():
    known = {variable.name for variable in VARIABLES}
    for service in OURS.values():
        assert set(service["environment"]) <= known


def test_what_has_no_default_is_asked_for_by_name():
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert asked == {"POSTGRES_PASSWORD", "SITE_URL"}


def test_the_image_runs_as_nobody_special_and_says_whether_it_is_well():
    assert STEPS["USER"] == "collie" and "useradd" in DOCKERFILE
    assert "/healthz" in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]
    assert STEPS["FROM"].startswith("python:3.11-slim") and "--require-hashes" in DOCKERFILE


def test_every_long_running_service_has_a_health_check_or_says_that_it_has_none():
    for name, service in OURS.items():
        check = service.get("healthcheck", "the image's")
        assert check == "the image's" or check.get("test") or check == {"disable": True}, name
    assert all(COMPOSE["services"][name]["healthcheck"]["test"] for name in ("postgres", "redis"))


def test_nothing_that_is_private_gets_into_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", "var", ".git"} <= set(ignored)


@contextmanager
def database_like(url: str):
    """An empty database of its own on the server of `url`."""
    name = f"compose_{uuid.uuid4().hex[:12]}"
    parts = dj_database_url.parse(url)
    server = {
        "host": parts["HOST"],
        "port": parts["PORT"] or 5432,
        "user": parts["USER"],
        "password": parts["PASSWORD"],
    }
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield re.sub(r"/[^/]*$", f"/{name}", url)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def command(service: str, **replaced: str) -> list[str]:
    """The command of a service, as it would run in the image, with the places of this machine in it."""
    words = [replaced.get(word, word) for word in OURS[service]["command"]]
    found = shutil.which(words[0], path=str(Path(sys.executable).parent))
    assert found, f"{words[0]} is not installed"
    return [found, *words[1:]]


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])


def answer(address: str) -> int:
    try:
        with urlopen(address, timeout=10) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.services
def test_the_same_commands_on_the_same_kinds_of_services_classify_a_queue(tmp_path):
    """Migrate, two web processes, two Celery workers and beat; the tickets are classified and both webs are ready."""
    redis = os.environ["REDIS_URL"]
    broker = re.sub(r"/\d+$", "", redis) + "/11"  # on Redis too, as in the file, and apart from other tests' messages
    relay = Process(*MANAGE, "simulate_relay", "--port", "0", env=environ())
    started = [relay]
    with database_like(os.environ["DATABASE_URL"]) as database:
        env = environ(
            DATABASE_URL=database, REDIS_URL=redis, CELERY_BROKER_URL=broker,
            RELAY_BASE_URL=relay.wait_for(r"listening on (http://\S+)\s")[1], RELAY_API_KEY="simulated",
            RELAY_RPM="6000", SECRET_KEY="a key for this test alone, as long as keys should be at least",
            LOG_FORMAT="json", MEDIA_ROOT=str(tmp_path),
        )  # fmt: skip
        try:
            done = subprocess.run(
                command("migrate"), cwd=ROOT, env=env, text=True, capture_output=True, timeout=PATIENCE
            )
            assert done.returncode == 0, done.stderr
            seeded = manage("seed_demo", "--tickets", "60", **env)
            assert seeded.returncode == 0, seeded.stderr
            ports = [unused_port(), unused_port()]
            for port in ports:
                web = command("web", **{"0.0.0.0": "127.0.0.1", "8000": str(port)})
                started.append(Process(*web, env=env))
            schedule = {"/tmp/beat": str(tmp_path / "beat")}
            started += [Process(*command("celery"), env=env) for _ in range(2)]
            started.append(Process(*command("beat", **schedule), env=env))
            run = manage("shell", "-c", START_A_RUN, **env)
            assert run.returncode == 0, run.stderr
            ended = manage("shell", "-c", WAIT_FOR_IT, **env)
            assert "done 60 of 60" in ended.stdout, ended.stdout + ended.stderr + "".join(started[-1].log)
            assert [answer(f"http://127.0.0.1:{port}/readyz") for port in ports] == [200, 200]
        finally:
            for process in started:
                process.end()
            for process in started:
                process.wait()


START_A_RUN = """
from django.utils import timezone
from assistant.triage import runs
from tickets.models import Ticket
runs.start(runs.create_run(Ticket.objects.all(), user=None), now=timezone.now())
"""

WAIT_FOR_IT = """
import time
from assistant.models import TriageRun
deadline = time.monotonic() + 45
run = TriageRun.objects.get()
while run.state != "done" and time.monotonic() < deadline:
    time.sleep(0.2)
    run.refresh_from_db()
print(run.state, run.classified + run.needs_human, "of", run.items.count())
"""
