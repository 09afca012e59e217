# ruff: noqa: E402  (Django is set up before its models are imported)
"""django-helpdesk 2.6.1 on given tickets: how long its ticket list and its API take. Called by bench/helpdesk_peer.py
with the Python of an environment of its own; prints one JSON object, cells by what was asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django
from django.conf import settings

FILE, ROUNDS = Path(sys.argv[1]), int(sys.argv[2])
settings.configure(
    SECRET_KEY="bench",
    DEBUG=False,
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FILE.with_suffix(".sqlite3"))}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        "django.contrib.sites", "django.contrib.humanize", "django.contrib.staticfiles", "django.contrib.admin",
        "rest_framework", "helpdesk",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    ROOT_URLCONF=__name__, SITE_ID=1, USE_TZ=True, STATIC_URL="/static/", MEDIA_ROOT=str(FILE.parent),
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    HELPDESK_TEAMS_MODE_ENABLED=False, HELPDESK_TEAMS_MODEL="auth.User", HELPDESK_TEAMS_MIGRATION_DEPENDENCIES=[],
    HELPDESK_KBITEM_TEAM_GETTER=lambda _item: None,
)  # fmt: skip
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import include, path
from helpdesk.models import Queue, Ticket
from helpdesk.query import query_to_base64
from timing import figures  # beside this file

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]


def main() -> None:
    call_command("migrate", verbosity=0)
    queue = Queue.objects.create(title="Bench", slug="bench")
    Ticket.objects.bulk_create(Ticket(queue=queue, **ticket) for ticket in json.loads(FILE.read_text()))
    client = Client()
    client.force_login(User.objects.create_superuser("carol"))
    deep = Ticket.objects.count() * 9 // 10
    word = Ticket.objects.order_by("pk")[0].title.split()[0]
    table = "draw=1&start={}&length=50&order[0][column]=0&order[0][dir]=desc&search[value]="
    lists = {"the first 50": (0, ""), "nine tenths down": (deep, ""), "search of one word": (0, word)}
    pages = {}
    for name, (start, words) in lists.items():
        query = query_to_base64({
            "filtering": {}, "filtering_null": {}, "sorting": "created", "sortreverse": True, "search_string": words,
        })  # fmt: skip
        pages[name] = f"/datatables_ticket_list/{query}?{table.format(start)}"
    pages |= {
        "the page around the list": "/tickets/",
        "a ticket": f"/tickets/{Ticket.objects.order_by('pk')[0].pk}/",
        "API, 50 tickets": "/api/tickets/?page_size=50",
        "API, nine tenths down": f"/api/tickets/?page_size=50&page={deep // 50 + 1}",
    }
    print(json.dumps({name: figures(lambda at=at: client.get(at), ROUNDS) for name, at in pages.items()}))


if __name__ == "__main__":
    main()
