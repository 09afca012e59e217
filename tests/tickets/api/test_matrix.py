"""Everybody at every door: made from the URL conf, so that a route nobody thought of fails here."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from rest_framework.test import APIClient

from assistant.drafts import asking
from assistant.drafts.streams import hub
from assistant.models import Draft, TriageRun
from assistant.simulator import SimulatedRelay
from assistant.triage import runs
from tests.tickets.api.conftest import program
from tests.tickets.api.matrix import ADMINS, ROUTES, SEEN, Act
from tickets.attachments import attach
from tickets.models import ApiToken, Category, Classification, Ticket, Webhook
from tickets.models.api_token import Scope

pytestmark = pytest.mark.django_db


def routes(patterns, prefix="") -> dict[str, URLPattern]:
    """name -> pattern of all that lies below /api/v1/."""
    found = {}
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= routes(pattern.url_patterns, address)
        elif address.startswith("api/v1/"):
            found[pattern.name or address] = pattern
    return found


def methods_of(pattern: URLPattern) -> set[str]:
    view = pattern.callback.cls
    return {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}


KNOWN = routes(get_resolver().url_patterns)
ACTS = [(name, method) for name, route in ROUTES.items() for method in route.acts]


def test_every_route_and_method_has_a_row():
    assert {name: methods_of(pattern) for name, pattern in KNOWN.items()} == {
        name: set(route.acts) for name, route in ROUTES.items()
    }


async def _written_only(user, ticket_id, wish):
    """A draft without its writing: that has a loop and threads of its own, which see nothing of this transaction."""
    plan = await sync_to_async(asking.start)(user, ticket_id, wish, timezone.now())
    return plan.draft


@pytest.fixture
def ai(alice, erin, settings, monkeypatch):
    """A relay, and for a ticket the ids of a classification, a draft and a run in each state."""
    monkeypatch.setattr(hub, "start", _written_only)

    def there(ticket):
        said = Classification.objects.create(
            ticket=ticket,
            category=Category.objects.get(slug="billing"),
            priority="high",
            reason="Secret",
            source="relay",
        )
        now = timezone.now() + timedelta(hours=1)  # nobody drives it; that is not to be noticed yet
        draft = Draft.objects.create(ticket=ticket, author=alice, model="gpt-4.1", text="Secret", saved=now)
        ids = {"classification": said.pk, "draft": draft.pk}
        for state in ("draft", "running", "paused", "done"):
            run = runs.create_run(Ticket.objects.filter(pk=ticket.pk), user=None)
            TriageRun.objects.filter(pk=run.pk).update(state=state, failed=1)
            run.items.update(state="failed" if state == "done" else "pending")
            ids[f"{state} run"] = run.pk
        return ids

    with SimulatedRelay(seed=1) as relay:
        settings.RELAY_BASE_URL = relay.base_url
        settings.RELAY_RPM = 100_000
        yield there


@pytest.fixture
def world(alice, bob, carol, support, erin, settings, tmp_path, ai):
    """A ticket of Support with all that hangs on it, and everybody who comes to the door."""
    settings.MEDIA_ROOT = str(tmp_path)
    ticket = Ticket.objects.open(erin, "Secret words", team=support)
    file = attach(ticket.messages.get(), "secret.txt", b"secret bytes")
    hook = Webhook.objects.make(carol, name="Secret", url="https://93.184.215.14/", events=["run.finished"])
    told = hook.deliveries.create(event="run.finished", body='{"type":"run.finished"}')
    expired, revoked = APIClient(), program(alice)
    _token, text = ApiToken.issue(alice, "old", lasts=timedelta(seconds=-1))
    expired.credentials(HTTP_AUTHORIZATION=f"Token {text}")
    ApiToken.objects.filter(user=alice, name="test").delete()
    agent, stranger = program(alice), APIClient()
    wrong = APIClient()
    wrong.credentials(HTTP_AUTHORIZATION="Token collie_" + "0" * 64)
    return SimpleNamespace(
        ids={"ticket": ticket.pk, "attachment": file.pk, "customer": erin.pk, "team": support.pk, "slug": "billing",
             "webhook": hook.pk, "delivery": told.pk, **ai(ticket)},
        ticket=ticket, agent=agent, other=program(bob), admin=program(carol),
        nobody=[stranger, expired, revoked, wrong],
        scoped={scope: program(alice, scope) for scope in Scope.values},
        upload=lambda: {"kind": "note", "file": SimpleUploadedFile("a.txt", b"text")},
    )  # fmt: skip


def ask(world, client, name: str, method: str):
    act: Act = ROUTES[name].acts[method]
    kwargs = {key: world.ids[ref] for key, ref in ROUTES[name].kwargs.items()}
    body = act.body(world) if callable(act.body) else act.body
    with transaction.atomic():  # each from the same beginning
        answer = client.generic(method, reverse(name, kwargs=kwargs)) if body is None else getattr(
            client, method.lower())(reverse(name, kwargs=kwargs), body, format=act.format)  # fmt: skip
        if hasattr(answer, "streaming_content") and not answer.is_async:
            answer.content_read = b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def test_everybody_gets_what_the_table_says(world):
    """All cells in one test: the world is the costly part."""
    wrong: list[str] = []

    def expect(who: str, client, name: str, method: str, status: int, *, silent: bool = False) -> None:
        answer = ask(world, client, name, method)
        if answer.status_code != status:
            wrong.append(f"{who} {method} {name}: {answer.status_code}, not {status}: {answer.content[:200]!r}")
        if silent and any(word in getattr(answer, "content", b"") for word in (b"Secret", b"erin@", b"secret")):
            wrong.append(f"{who} {method} {name} reads what is not theirs")

    for name, method in ACTS:
        act = ROUTES[name].acts[method]
        for number, client in enumerate(world.nobody):
            expect(f"nobody {number}", client, name, method, 401, silent=True)
        expect("agent", world.agent, name, method, 403 if act.who == ADMINS else act.ok)
        hidden = {SEEN: 404, ADMINS: 403}.get(act.who, act.ok)
        expect("agent of another team", world.other, name, method, hidden, silent=act.who == SEEN)
        expect("admin", world.admin, name, method, act.ok)
        for scope, client in world.scoped.items():
            right = act.ok if act.who != ADMINS else 403
            expect(f"token {scope}", client, name, method, right if scope == act.scope else 403)
    assert not wrong, "\n".join(wrong)


def test_lists_show_others_nothing(world):
    for name, method in ACTS:
        if method == "GET" and name not in {"api-me"} and not ROUTES[name].kwargs:
            answer = ask(world, world.other, name, method)
            assert b"Secret" not in answer.content and b"erin@" not in answer.content, name


def test_a_deactivated_owner_takes_the_token_along(world, alice):
    alice.is_active = False
    alice.save()
    assert ask(world, world.agent, "api-me", "GET").status_code == 401


def test_a_session_needs_its_csrf_token(world, alice):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(reverse("api-me")).json()["token"] is None
    refused = client.post(reverse("api-tickets"), ROUTES["api-tickets"].acts["POST"].body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
