"""Who asks: a token's owner, or a person logged in at the desk."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from rest_framework import authentication

from tickets.api.problems import Problem
from tickets.models import ApiToken


class TokenAuthentication(KnoxAuthentication):
    """`Authorization: Token …`. One query; an expired token stays, so that its owner sees why it no longer works."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        digest = hash_token(token.decode("latin-1"))
        known = ApiToken.objects.select_related("user").filter(pk=digest).first()
        if known is None:
            raise Problem("invalid_token", _("This token does not exist, or has been revoked."))
        now = timezone.now()
        if known.is_expired(now):
            raise Problem("invalid_token", _("This token has expired; make another one on your settings page."))
        if not known.user.is_active:
            raise Problem("invalid_token", _("The owner of this token is no longer active."))
        known.note_use(now)
        return known.user, known


class SessionAuthentication(authentication.SessionAuthentication):
    """The desk's session; whatever changes something carries its CSRF token."""
