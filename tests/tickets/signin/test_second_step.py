"""Codes of an authenticator app: set up, asked for, used up, taken away."""

from __future__ import annotations

import re
from binascii import unhexlify

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from tickets.signin import second_step

pytestmark = pytest.mark.django_db


def present_code(user: User) -> str:
    device = TOTPDevice.objects.get(user=user)
    return f"{totp(unhexlify(device.key)):06}"


@pytest.fixture
def guarded(alice):
    """Alice with a second step; the code it was set up with counts as used, the device looks at the next at once."""
    second_step.begin(alice)
    codes = second_step.confirm(alice, present_code(alice))
    TOTPDevice.objects.filter(user=alice).update(last_t=-1)
    return alice, codes


def give_password(client, **more):
    return client.post("/accounts/login/", {"username": "alice", "password": "alice-password", **more})


def logged_in(client) -> bool:
    return get_user(client).is_authenticated


def test_without_a_second_step_the_password_is_enough(client, alice):
    assert give_password(client).url == "/" and logged_in(client)


def test_with_one_nobody_is_logged_in_before_the_code(client, guarded):
    user, _codes = guarded
    answer = give_password(client, next="/settings/")
    assert answer.url == reverse("login-code") and not logged_in(client)
    assert client.get("/").status_code == 302
    assert "one-time-code" in client.get(answer.url).content.decode()
    assert client.post(answer.url, {"code": present_code(user)}).url == "/settings/" and logged_in(client)


def test_a_wrong_code_is_said_and_guessing_is_slowed_down(client, guarded):
    user, _codes = guarded
    url = give_password(client).url
    wrong = f"{(int(present_code(user)) + 1) % 1_000_000:06}"
    assert "not right" in client.post(url, {"code": wrong}).content.decode()
    said = client.post(url, {"code": present_code(user)}).content.decode()
    assert "Too many wrong codes" in said and not logged_in(client)


def test_a_code_works_once(client, guarded):
    user, _codes = guarded
    code = present_code(user)
    client.post(give_password(client).url, {"code": code})
    client.logout()
    client.post(give_password(client).url, {"code": code})
    assert not logged_in(client)


def test_a_backup_code_works_once_however_it_is_typed(client, guarded):
    user, codes = guarded
    assert len(set(codes)) == second_step.BACKUP_CODES
    client.post(give_password(client).url, {"code": f" {codes[0].upper()} "})
    assert logged_in(client) and second_step.backup_codes_left(user) == 9
    assert not second_step.accepts(user, codes[0])


@pytest.mark.parametrize("spoil", ["nothing asked", "too late", "new password", "deactivated"])
def test_the_code_alone_opens_nothing(client, guarded, spoil, monkeypatch):
    user, _codes = guarded
    if spoil != "nothing asked":
        give_password(client)
    if spoil == "too late":
        session = client.session
        session["second_step"] = {**session["second_step"], "until": timezone.now().timestamp() - 1}
        session.save()
    if spoil == "new password":
        user.set_password("another-password-1")
        user.save()
    if spoil == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post(reverse("login-code"), {"code": present_code(user)}).url == reverse("login")
    assert not logged_in(client)


def test_it_is_set_up_with_the_first_code_and_taken_away_with_the_password(client, alice):
    client.force_login(alice)
    page = client.get(reverse("settings-second-step")).content.decode()
    assert "data:image/svg+xml" in page and second_step.typed_secret(TOTPDevice.objects.get(user=alice)) in page
    assert client.get(reverse("settings-second-step")).content.decode().count("data:image") == 1
    assert client.post(reverse("settings-second-step"), {"code": "12"}).status_code == 422
    assert not second_step.has_second_step(alice)
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    shown = client.post(reverse("settings-second-step"), {"code": present_code(alice)}).content.decode()
    assert second_step.has_second_step(alice)
    assert len(re.findall(r"<li><code>\w+</code></li>", shown)) == second_step.BACKUP_CODES
    off = reverse("settings-security-change")
    assert client.post(off, {"password": "wrong", "off": "1"}).status_code == 422 and second_step.has_second_step(
        alice
    )
    client.post(off, {"password": "alice-password", "off": "1"})
    assert not second_step.has_second_step(alice)


def test_admins_without_one_are_sent_to_set_it_up_where_the_operator_asks_for_it(client, carol, settings):
    client.force_login(carol)
    assert client.get("/admin/").status_code == 200
    settings.REQUIRE_ADMIN_2FA = True
    for address in ("/admin/", "/admin/tickets/ticket/", reverse("admin:assistant_triagerun_changelist")):
        answer = client.get(address, follow=True)
        assert answer.redirect_chain[-1][0] == reverse("settings-second-step")
    second_step.begin(carol)
    second_step.confirm(carol, present_code(carol))
    assert client.get("/admin/").status_code == 200


def test_an_admin_takes_the_second_step_from_who_has_lost_a_phone(client, carol, guarded):
    user, _codes = guarded
    client.force_login(carol)
    chosen = {"action": "remove_second_step", "_selected_action": [user.pk]}
    client.post(reverse("admin:auth_user_changelist"), chosen)
    assert not second_step.has_second_step(user)
    assert carol.logentry_set.filter(object_id=str(user.pk), change_message__contains="second step").exists()


def test_the_admin_shows_nobody_s_key(client, carol, guarded):
    client.force_login(carol)
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert client.get("/admin/otp_static/staticdevice/").status_code == 404
