"""What admins do is written down, by whom and when, and nobody rewrites it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from assistant.models import RelayModel
from assistant.triage import runs
from tickets.access import ADMINS
from tickets.models import ApiToken, Ticket

pytestmark = pytest.mark.django_db
LOG = "/admin/admin/logentry/"


@pytest.fixture
def desk(client, carol):
    client.force_login(carol)
    return client


def entries(user) -> list[str]:
    """What `user` did, the newest last."""
    return [f"{entry.object_repr}: {entry.get_change_message()}" for entry in user.logentry_set.order_by("id")]


def test_the_log_is_read_by_admins_and_changed_by_nobody(desk, carol, alice, erin):
    desk.post(reverse("admin:tickets_customer_change", args=[erin.pk]), {"email": erin.email, "name": "Erin Else"})
    page = desk.get(LOG).content.decode()
    assert "carol" in page and "Changed Name" in page and "Erin Else" in page
    entry = LogEntry.objects.get()
    for address in (f"{LOG}add/", f"{LOG}{entry.pk}/delete/"):
        assert desk.post(address, {"post": "yes"}).status_code == 403
    assert desk.post(f"{LOG}{entry.pk}/change/", {"object_repr": "x"}).status_code == 403
    assert desk.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk]}).status_code != 500
    assert LogEntry.objects.get().object_repr == "Erin Else"
    desk.force_login(alice)
    assert desk.get(LOG).status_code == 302


def test_the_log_is_found_by_who_and_filtered_by_what(desk, carol, erin):
    desk.post(reverse("admin:tickets_customer_change", args=[erin.pk]), {"email": erin.email, "name": "Changed"})
    assert "Changed" in desk.get(LOG, {"q": "caro"}).content.decode()
    assert "0 log entries" in desk.get(LOG, {"q": "bob"}).content.decode()
    assert "0 log entries" in desk.get(LOG, {"action_flag__exact": 3}).content.decode()


def test_what_is_done_to_a_run_is_written_down(desk, carol, ticket):
    run = runs.create_run(Ticket.objects.all(), user=carol)
    RelayModel.objects.get_or_create(name=run.model)
    start = {"model": run.model, "batch_size": 20, "concurrency": 1, "start": "1"}
    desk.post(reverse("admin:assistant_triagerun_start", args=[run.pk]), start)
    for verb in ("pause", "resume", "cancel", "pause"):  # the last comes too late, and is no act
        desk.post(reverse(f"admin:assistant_triagerun_{verb}", args=[run.pk]))
    said = [line.partition(": ")[2] for line in entries(carol)]
    assert said == [f"Started: {run.model}.", "Pause", "Resume", "Cancel the run"]
    assert {entry.object_id for entry in carol.logentry_set.all()} == {str(run.pk)}


def test_rights_given_and_taken_are_written_down_by_name(desk, carol, alice, bob, support):
    team = {"name": "Support", "members": [bob.pk], "categories": [], "instructions": ""}
    desk.post(reverse("admin:tickets_team_change", args=[support.pk]), team)
    assert any("Rights: + bob, − General, − Technical, − alice." in line for line in entries(carol)), entries(carol)
    account = {
        "username": "alice", "email": alice.email, "first_name": "", "last_name": "", "is_active": "on",
        "groups": [Group.objects.get(name=ADMINS).pk],
    }  # fmt: skip
    desk.post(reverse("admin:auth_user_change", args=[alice.pk]), account)
    assert "alice: Rights: + Admins." in entries(carol)


def test_nobody_is_deleted_together_with_what_they_did(desk, alice):
    assert desk.post(reverse("admin:auth_user_delete", args=[alice.pk]), {"post": "yes"}).status_code == 403


def test_tokens_made_and_revoked_are_written_down_but_not_what_they_are(client, alice):
    client.force_login(alice)
    made = client.post("/settings/tokens/", {"name": "shop", "scopes": ["read"], "lasts": "30"}).context["made"]
    call_command("create_token", "alice", "--name", "report", "--scope", "write", stdout=StringIO())
    client.post("/settings/tokens/revoke/", {"token": alice.auth_token_set.get(name="shop").pk})
    assert entries(alice) == [
        "shop: Made a token for: read.",
        "report: Made a token for: write, by a command on the server.",
        "shop: Revoked a token.",
    ]
    assert made and not LogEntry.objects.filter(change_message__contains=made[:8]).exists()


def test_downloads_and_preferences_are_written_down(desk, carol):
    desk.get("/admin/assistant/usage.csv")
    desk.get("/admin/assistant/report.csv")
    desk.get("/figures/csv/")
    desk.get("/figures/drafts/")
    desk.get("/admin/assistant/preferences/")
    desk.post("/admin/assistant/preferences/1/change/", {"mask_drafts": "on", "automatic_triage": "on"})
    said = entries(carol)
    assert [line.partition("-")[0] for line in said[:4]] == ["ai", "ai", "figures", "drafts"]
    assert all(line.endswith(".csv: Downloaded.") for line in said[:4]) and len(said) == 5


def test_what_programs_do_with_an_admin_s_token_is_written_down_too(carol, ticket):
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(carol, 'script')[1]}")
    run = api.post("/api/v1/triage-runs/", {"all": True}, format="json").json()["id"]
    for verb in ("start", "pause", "resume", "cancel"):
        assert api.post(f"/api/v1/triage-runs/{run}/{verb}/", {}, format="json").status_code == 200, verb
    team = api.post("/api/v1/teams/", {"name": "Shipping"}, format="json").json()["id"]
    api.patch(f"/api/v1/teams/{team}/", {"categories": []}, format="json")
    said = [line.partition(": ")[2] for line in entries(carol)]
    by_the_api = ["Started", "Paused", "Resumed", "Cancelled", "Added"]
    assert said == [*(f"{what} by the API." for what in by_the_api), "Changed by the API: categories."]
