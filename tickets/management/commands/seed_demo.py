from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.demo import cases
from tickets.demo.articles import load_articles
from tickets.demo.load import load
from tickets.demo.people import PASSWORD, PEOPLE, DeskInUse, ensure_staff
from tickets.demo.saved_replies import load_saved_replies


class Command(BaseCommand):
    help = "Fill a new desk with the demo's tickets, teams and three accounts; running it again keeps all data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", metavar="N", type=int, default=500, help=_("how many (default: 500)"))

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["tickets"]
        if wanted < 1:
            raise CommandError(_("--tickets takes a number from 1 on, not %d.") % wanted, returncode=2)
        try:
            staff = ensure_staff()
        except DeskInUse as error:
            raise CommandError(str(error), returncode=2) from error
        added = load(wanted, staff, timezone.now())
        load_articles(staff.carol, timezone.now())
        load_saved_replies()
        there = len(cases())
        if wanted > there:
            self.stdout.write(_("There are %d demo tickets; all of them are loaded.") % there)
        self.stdout.write(_("%d demo tickets added.") % added)
        self.stdout.write(_("Log in, with the password %s, as:") % PASSWORD)
        for username, (_name, team) in PEOPLE.items():
            role = _("agent of %s") % team if team else _("admin")
            self.stdout.write(f"  {username:<6} {role}")
