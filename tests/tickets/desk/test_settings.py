"""What people set for themselves, and what the desk then shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.urls import reverse

from tests.tickets.desk.conftest import logged_in
from tickets.desk.profile import SECTIONS
from tickets.models import Profile, Ticket

NEW_YEAR = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)


def save(client, **given):
    form = {"first_name": "Alice", "last_name": "", "time_zone": "", "theme": "auto", "signature": ""} | given
    return client.post("/settings/", form, follow=True)


@pytest.fixture
def new_years_ticket(erin):
    return Ticket.objects.open(erin, "Happy new year", now=NEW_YEAR)


def test_a_person_sets_name_time_zone_colours_and_signature(as_alice, alice):
    answer = save(as_alice, last_name="Adams", time_zone="Asia/Tokyo", theme="dark", signature="Kind regards\nAlice")
    assert "Saved." in answer.content.decode()
    alice.refresh_from_db()
    kept = alice.profile
    assert (alice.last_name, kept.time_zone, kept.theme) == ("Adams", "Asia/Tokyo", "dark")
    assert kept.signature.splitlines() == ["Kind regards", "Alice"]
    assert 'class="theme-dark"' in answer.content.decode()


def test_saving_again_changes_the_same_profile_and_nobody_elses(as_alice, as_bob, alice):
    save(as_alice, theme="dark")
    save(as_alice, theme="light")
    assert Profile.objects.get().theme == "light"
    assert 'class="theme-auto"' in as_bob.get("/settings/").content.decode()


def test_times_are_shown_in_the_time_zone_of_the_profile(as_alice, alice, new_years_ticket):
    Profile.objects.create(user=alice, time_zone="America/Los_Angeles")
    shown = as_alice.get(new_years_ticket.get_absolute_url()).content.decode()
    assert "31 Dec 2025, 16:30 PST" in shown
    Profile.objects.update(time_zone="Asia/Tokyo")
    assert "1 Jan 2026, 09:30 JST" in as_alice.get(new_years_ticket.get_absolute_url()).content.decode()


def test_who_has_chosen_no_time_zone_gets_the_browsers_and_else_the_desks(as_alice, new_years_ticket):
    address = new_years_ticket.get_absolute_url()
    assert "00:30 UTC" in as_alice.get(address).content.decode()
    as_alice.cookies["zone"] = "Europe/Helsinki"
    assert "02:30 EET" in as_alice.get(address).content.decode()
    assert "Europe/Helsinki" in as_alice.get("/settings/").content.decode()
    for nonsense in ("../../etc/passwd", "Europe", "x" * 5000, "Mars/Base", "\x00"):
        as_alice.cookies["zone"] = nonsense
        assert "00:30 UTC" in as_alice.get(address).content.decode()


@pytest.mark.parametrize(
    "given", [{"time_zone": "Mars/Base"}, {"theme": "pink"}, {"signature": "x" * 2001}, {"first_name": "x" * 151}]
)
def test_what_cannot_be_is_refused_beside_its_field(as_alice, given):
    answer = save(as_alice, **given)
    assert answer.status_code == 422
    assert not Profile.objects.exists()
    assert re.search(r'aria-invalid="true"[^>]*aria-describedby|aria-describedby[^>]*aria-invalid="true"|field-error',
                     answer.content.decode())  # fmt: skip


def test_only_languages_that_exist_are_offered(as_alice):
    assert {name for name, _ in settings.LANGUAGES} >= {"en"}
    shown = as_alice.get("/settings/").content.decode()
    assert ('name="language"' in shown) == (len(settings.LANGUAGES) > 1)


def test_a_person_changes_their_password_and_stays_logged_in_there_alone(as_alice, alice):
    elsewhere = logged_in(alice)
    wrong = {"old_password": "not hers", "new_password1": "sheep-dog-9182", "new_password2": "sheep-dog-9182"}
    assert as_alice.post("/settings/password/", wrong).status_code == 422
    assert as_alice.post("/settings/password/", wrong | {"old_password": "alice-password"}).status_code == 302
    assert as_alice.get("/settings/password/").status_code == 200
    assert elsewhere.get("/settings/password/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("sheep-dog-9182")


def test_every_section_is_a_page_that_marks_itself_and_needs_a_login(client, as_alice):
    for name, _symbol, title in SECTIONS:
        address = reverse(name)
        shown = as_alice.get(address).content.decode()
        assert f'href="{address}" aria-current="page"' in shown
        assert f"<h1>{title}</h1>" in shown
        assert client.get(address).status_code == 302


def test_the_profile_costs_no_query_of_its_own(as_alice, alice, django_assert_max_num_queries):
    Profile.objects.create(user=alice, theme="dark")
    with django_assert_max_num_queries(10) as asked:
        as_alice.get("/settings/")
    assert not [query["sql"] for query in asked.captured_queries if 'FROM "tickets_profile"' in query["sql"]]
