"""Named people, default rows and a simulated relay for every test."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.management import CommandError
from django.test import TransactionTestCase
from django.utils import timezone, translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tickets.access import ADMINS, grant_admins
from tickets.models import Category, Customer, Team, Ticket
from tickets.webhooks import wishes

# A busy machine is slow, and no reason to fail: what is asked is what the code does, never how fast.
hypothesis_settings.register_profile("collie", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("collie")


def _again_after_a_deadlock(empty_tables):
    """A server process of a test may still be writing when the tables are emptied; PostgreSQL then ends one of the
    two, and the other has finished by the time it is tried again."""

    def emptied(case):
        for tries_left in reversed(range(5)):
            try:
                return empty_tables(case)
            except CommandError as error:
                if not tries_left or "deadlock" not in str(error.__cause__):
                    raise
        return None

    return emptied


TransactionTestCase._fixture_teardown = _again_after_a_deadlock(TransactionTestCase._fixture_teardown)


@pytest.fixture(scope="session")
def media_root(tmp_path_factory):
    """Where attachments of tests lie."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _plain_settings(settings, media_root):
    settings.MEDIA_ROOT = media_root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_AUTOREFRESH = True  # pages without collected files, and without a warning of it
    settings.AI_ENABLED = True
    settings.RELAY_API_KEY = "test-key-that-must-not-leak"
    settings.RELAY_BASE_URL = "http://127.0.0.1:9/v1"


@pytest.fixture(autouse=True)
def _no_webhooks():
    """Until a test saves one; else now and then a query is counted that asks for them."""
    wishes.nobody()


@pytest.fixture(autouse=True)
def _nobody_s_zone_or_language():
    """A request in this thread leaves its person's time zone and language behind."""
    yield
    timezone.deactivate()
    translation.deactivate()


@pytest.fixture(autouse=True)
def _default_rows(request):
    """Tests that commit empty the tables afterwards, the rows of the data migrations too: put them back."""
    if "transactional_db" in request.fixturenames or _commits(request):
        request.getfixturevalue("transactional_db")
        for module in (
            "tickets.migrations.0002_default_categories",
            "assistant.migrations.0002_default_models",
            "assistant.migrations.0006_first_prompt",
            "assistant.migrations.0011_first_presets",
        ):
            import_module(module).create(apps, None)
        grant_admins()


def _commits(request) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture
def support(db) -> Team:
    team, _ = Team.objects.get_or_create(name="Support")
    team.categories.set(Category.objects.filter(slug__in=["technical", "general"]))
    return team


@pytest.fixture
def accounts(db) -> Team:
    team, _ = Team.objects.get_or_create(name="Accounts")
    team.categories.set(Category.objects.filter(slug__in=["billing", "sales"]))
    return team


@pytest.fixture
def alice(support) -> User:
    """An agent of Support."""
    user = User.objects.create_user("alice", "alice@example.com", "alice-password", first_name="Alice")
    support.members.add(user)
    return user


@pytest.fixture
def bob(accounts) -> User:
    """An agent of Accounts, another team."""
    user = User.objects.create_user("bob", "bob@example.com", "bob-password", first_name="Bob")
    accounts.members.add(user)
    return user


@pytest.fixture
def carol(db) -> User:
    """An admin."""
    user = User.objects.create_user("carol", "carol@example.com", "carol-password", first_name="Carol")
    user.groups.add(Group.objects.get_or_create(name=ADMINS)[0])
    return user


@pytest.fixture
def dave(db) -> User:
    """Somebody with an account who is not logged in."""
    return User.objects.create_user("dave", "dave@example.com", "dave-password")


@pytest.fixture
def erin(db) -> Customer:
    return Customer.objects.create(email="erin@example.com", name="Erin Example")


@pytest.fixture
def ticket(erin) -> Ticket:
    return Ticket.objects.open(erin, "My invoice is wrong, I was charged twice.", subject="Charged twice")
