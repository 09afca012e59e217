from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from tickets.audit import ADDITION, record
from tickets.management.tables import NeedsTables
from tickets.models import ApiToken
from tickets.models.api_token import Scope


class Command(NeedsTables):
    help = "Make a token for the REST API; it is printed alone on the last line, and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help=_("whose rights the token has"))
        parser.add_argument(
            "--scope", metavar="S", action="append", choices=Scope.values, default=None,
            help=_("read, write or ai, once for each; all of them unless said"),
        )  # fmt: skip
        parser.add_argument("--name", default="create_token", help=_("what the token is called in the lists"))
        parser.add_argument("--days", type=int, default=None, help=_("days until it expires; never unless said"))

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("There is no user %(name)s.") % {"name": options["username"]}, returncode=2)
        if not user.is_active:
            raise CommandError(_("%(name)s is not active.") % {"name": user.username}, returncode=2)
        days = options["days"]
        if days is not None and not 1 <= days <= 3650:
            raise CommandError(_("--days must be from 1 to 3650."), returncode=2)
        token, text = ApiToken.issue(
            user, options["name"], options["scope"] or Scope.values, lasts=timedelta(days=days) if days else None
        )
        what = _("Made a token for: %(scopes)s, by a command on the server.") % {"scopes": token.scopes}
        record(user, user, what, act=ADDITION, name=token.name)
        self.stderr.write(_("Token of %(user)s for: %(scopes)s") % {"user": user.username, "scopes": token.scopes})
        self.stdout.write(text)
