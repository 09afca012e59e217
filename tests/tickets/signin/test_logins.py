"""Where somebody is logged in, and how that ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tickets.models import Login
from tickets.signin.sessions import clear_expired

pytestmark = pytest.mark.django_db


def browser(name: str, password: str, agent: str) -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR="203.0.113.7")
    client.post("/accounts/login/", {"username": name, "password": password})
    return client


@pytest.fixture
def laptop(alice):
    return browser("alice", "alice-password", "Laptop")


@pytest.fixture
def phone(alice):
    return browser("alice", "alice-password", "Phone <b>")


def alive(client: Client) -> bool:
    return get_user(client).is_authenticated


def test_each_login_is_listed_with_browser_and_address(laptop, phone):
    page = laptop.get(reverse("settings-security")).content.decode()
    assert "Laptop" in page and "Phone &lt;b&gt;" in page and page.count("203.0.113.7") == 2


def test_one_login_is_ended(laptop, phone):
    laptop.post(reverse("settings-log-out", args=[Login.objects.get(browser__startswith="Phone").pk]))
    assert alive(laptop) and not alive(phone)


def test_all_others_are_ended_and_the_present_one_stays(laptop, phone, alice):
    third = browser("alice", "alice-password", "Tablet")
    laptop.post(reverse("settings-log-out-others"))
    assert alive(laptop) and not alive(phone) and not alive(third)
    assert [login.browser for login in Login.alive()] == ["Laptop"]


def test_nobody_ends_the_login_of_another(laptop, bob):
    other = browser("bob", "bob-password", "Bob")
    laptop.post(reverse("settings-log-out", args=[Login.objects.get(user=bob).pk]))
    assert alive(other)


def test_logging_out_ends_what_was_kept_of_it(laptop):
    laptop.post("/accounts/logout/")
    assert not Login.objects.exists()


def test_a_new_password_ends_all_other_logins(laptop, phone):
    new = {"old_password": "alice-password", "new_password1": "grazing-sheep-42", "new_password2": "grazing-sheep-42"}
    laptop.post(reverse("settings-password"), new)
    assert alive(laptop) and not alive(phone)


def test_expired_sessions_are_cleared_away(laptop, phone):
    expired = Session.objects.filter(session_key=phone.session.session_key)
    expired.update(expire_date=timezone.now() - timedelta(days=1))
    assert clear_expired(timezone.now()) == 1
    assert [login.browser for login in Login.objects.all()] == ["Laptop"]


def test_the_page_takes_few_queries(laptop, django_assert_max_num_queries):
    for n in range(10):
        browser("alice", "alice-password", f"Browser {n}")
    with django_assert_max_num_queries(10):
        assert laptop.get(reverse("settings-security")).status_code == 200
