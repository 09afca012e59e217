"""`make serve`: desk and worker for real, under one terminal."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from assistant import gateway, processes
from tickets.access import ADMINS


class Command(BaseCommand):
    help = "Migrate, ask for the first admin, then run the desk and the worker until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        port = processes.chosen_port(os.environ, "serve")
        self._refuse_what_cannot_work()
        call_command("migrate", verbosity=0)
        self._ask_for_the_first_admin()

        def announce() -> None:
            self.stdout.write(
                f"\nCollie is at {settings.SITE_URL or f'http://127.0.0.1:{port}'}/  (Ctrl-C ends it)\n"
            )

        sys.exit(processes.run_all(os.environ, port, announce))

    def _refuse_what_cannot_work(self) -> None:
        if not settings.AI_ENABLED:
            return
        if not settings.RELAY_API_KEY:
            raise CommandError(
                "RELAY_API_KEY is not set. Put the relay's key into .env (see .env.example), or set AI_ENABLED=0 to "
                "run without AI. To look around first, try `make demo`."
            )
        try:
            gateway.client()
        except gateway.AIUnavailable as error:
            raise CommandError(error.message, returncode=2) from None

    def _ask_for_the_first_admin(self) -> None:
        if User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMINS), is_active=True).exists():
            return
        if not sys.stdin.isatty():
            raise CommandError("There is no admin yet. Run `python manage.py createsuperuser` in a terminal first.")
        self.stdout.write("There is no admin yet; this account will enter /admin/ and see every ticket.")
        call_command("createsuperuser")
        Group.objects.get(name=ADMINS).user_set.set(User.objects.filter(is_superuser=True))
