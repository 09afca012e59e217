"""What is written about the API is tried: the walk through docs/api.md, the examples, the error codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from django.core.cache import cache
from drf_spectacular.generators import SchemaGenerator

from assistant.models import Draft, RelayCall, TriageRun
from assistant.triage.engine import Engine
from tests.tickets.api.conftest import program
from tickets.api.problems import CODES
from tickets.models import ApiToken, Classification, Message, Ticket

GUIDE = Path(__file__).resolve().parents[3] / "docs/api.md"
SNIPPETS = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def worker(far_relay, settings, transactional_db):
    """What `manage.py worker` does about runs."""
    settings.RELAY_BASE_URL = far_relay.base_url
    settings.RELAY_RPM = 6000
    stop = threading.Event()
    thread = threading.Thread(target=Engine(2, stop=stop).run)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.django_db(transaction=True)
def test_the_walk_through_works_as_it_is_written(whole_server, worker, alice, carol, tmp_path):
    (_token, text), (_other, of_admin) = ApiToken.issue(alice, "guide"), ApiToken.issue(carol, "guide")
    environ = {
        "COLLIE": whole_server.origin,
        "TOKEN": text,
        "ADMIN_TOKEN": of_admin,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(SNIPPETS)],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert Ticket.objects.filter(source="shop").count() == 100
    corrected = Ticket.objects.get(source="shop", external_id="0")
    assert (corrected.category.slug, corrected.priority, corrected.category_by) == ("billing", "high", "person")
    run = TriageRun.objects.get(total=100)
    assert (run.state, run.done) == ("done", 100)
    assert corrected.classifications.filter(source="person", category__slug="general").exists()
    draft = Draft.objects.get()
    assert draft.tone == "brief" and "event: draft.done" in done.stdout and "data: [DONE]" in done.stdout
    assert json.dumps(draft.text, ensure_ascii=False) in done.stdout
    assert RelayCall.objects.filter(kind="assist", state="settled").count() == 1
    reply = Message.objects.get(ticket=corrected, kind="reply")
    assert (reply.attachments.get().name, corrected.status) == ("receipt.txt", "pending")
    cache.clear()


def test_every_error_code_is_explained():
    told = set(re.findall(r"`([a-z_]+)`", "\n".join(line for line in GUIDE.read_text().splitlines() if "|" in line)))
    assert set(CODES) <= told


def operations():
    schema = SchemaGenerator().get_schema(public=True)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.django_db
def test_the_examples_of_requests_are_accepted(ticket, carol, erin):
    """Those that need no relay, of addresses without a place in them, and of the ticket."""
    said = Classification.objects.create(ticket=ticket, priority="low", source="relay")
    tried = 0
    api = program(carol)
    for path, method, operation in operations():
        address = path.replace("{ticket_id}", str(ticket.pk)).replace("{classification_id}", str(said.pk))
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for example in content.get("examples", {}).values():
                if "{" not in address and "drafts/" not in address and "assist/" not in address:
                    answer = getattr(api, method)(address, example["value"])
                    assert answer.status_code in {200, 201, 409}, (path, answer.content)
                    tried += 1
    assert tried >= 4


@pytest.mark.django_db
def test_the_examples_of_answers_have_the_fields_of_answers(api, ticket):
    real = api.get(f"/api/v1/tickets/{ticket.pk}/").json()
    shown = [
        example["value"]
        for path, method, operation in operations()
        if (path, method) == ("/api/v1/tickets/{ticket_id}/", "get")
        for example in operation["responses"]["200"]["content"]["application/json"]["examples"].values()
    ]
    assert shown and all(list(example) == list(real) for example in shown)


def test_every_operation_has_a_summary_and_says_how_it_fails():
    for path, method, operation in operations():
        assert operation.get("summary"), f"{method} {path}"
        assert "Subclasses" not in operation.get("description", ""), f"{method} {path}"
        assert {"400", "401", "403", "429"} <= set(operation["responses"]), f"{method} {path}"


def test_the_page_and_its_script_come_from_our_own_origin_and_obey_the_policy(client, db):
    page = client.get("/api/docs/")
    text = page.content.decode()
    assert page.status_code == 200 and "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    assert not re.search(r"<script>|<style|style=|onclick|https?://", text)
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript") and b"/api/schema/" in script.content
