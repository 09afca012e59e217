"""Tokens: made by command and in the desk, shown once, revoked by owner and admin."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from tickets.models import ApiToken

pytestmark = pytest.mark.django_db
PAGE = "/settings/tokens/"


def me(text: str):
    return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {text}")


class TestCommand:
    def made(self, *arguments: str) -> str:
        out = StringIO()
        call_command("create_token", *arguments, stdout=out, stderr=StringIO())
        return out.getvalue().splitlines()[-1]

    def test_the_last_line_is_the_token_alone_with_all_scopes(self, alice):
        shown = me(self.made("alice")).json()
        assert (shown["username"], shown["token"]["scopes"]) == ("alice", ["read", "write", "ai"])

    def test_scopes_and_days_are_kept(self, alice):
        shown = me(self.made("alice", "--scope", "ai", "--scope", "read", "--days", "7", "--name", "report")).json()
        assert (shown["token"]["name"], shown["token"]["scopes"]) == ("report", ["read", "ai"])
        assert ApiToken.objects.get().expiry < timezone.now() + timedelta(days=8)

    @pytest.mark.parametrize("arguments", [["nobody"], ["alice", "--scope", "all"], ["alice", "--days", "0"], []])
    def test_what_it_cannot_do_it_says_with_exit_code_2(self, alice, arguments):
        with pytest.raises(CommandError) as refused:
            self.made(*arguments)
        assert refused.value.returncode in {1, 2} and not ApiToken.objects.exists()


def test_only_a_hash_is_kept(alice):
    token, text = ApiToken.issue(alice, "shop")
    row = " ".join(str(value) for value in ApiToken.objects.values().get(pk=token.pk).values())
    assert text not in row and text.startswith("collie_") and len(text) > 60


class TestDesk:
    def test_a_new_token_is_shown_once(self, client, alice):
        client.force_login(alice)
        made = client.post(PAGE, {"name": "shop", "scopes": ["read", "write"], "lasts": "90"})
        text = made.context["made"]
        assert text in made.content.decode() and "no-store" in made["Cache-Control"]
        assert me(text).json()["token"]["scopes"] == ["read", "write"]
        assert text not in client.get(PAGE).content.decode()

    def test_the_owner_revokes_it_and_nobody_elses(self, client, alice, bob):
        (own, text), (others, their_text) = ApiToken.issue(alice, "shop"), ApiToken.issue(bob, "crm")
        client.force_login(alice)
        assert "crm" not in client.get(PAGE).content.decode()
        for token in (own, others):
            assert client.post("/settings/tokens/revoke/", {"token": token.pk}).status_code == 302
        assert (me(text).status_code, me(their_text).status_code) == (401, 200)

    def test_a_token_without_name_or_scope_is_refused(self, client, alice):
        client.force_login(alice)
        answer = client.post(PAGE, {"name": "", "scopes": [], "lasts": "90"})
        assert answer.status_code == 422 and not ApiToken.objects.exists()


class TestAdmin:
    def test_admins_see_and_revoke_but_never_make_or_read_tokens(self, client, carol, alice):
        token, text = ApiToken.issue(alice, "shop")
        client.force_login(carol)
        listed = client.get("/admin/tickets/apitoken/").content.decode()
        assert "shop" in listed and text not in listed
        assert client.get("/admin/tickets/apitoken/add/").status_code == 403
        client.post(f"/admin/tickets/apitoken/{token.pk}/delete/", {"post": "yes"})
        assert me(text).status_code == 401


def test_when_it_was_used_last_is_kept_to_the_hour(alice):
    token, text = ApiToken.issue(alice, "shop")
    me(text)
    token.refresh_from_db()
    first = token.last_used
    assert first is not None
    me(text)
    token.refresh_from_db()
    assert token.last_used == first
