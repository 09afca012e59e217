"""Which sessions somebody has open: a row a login, made and ended by Django's own signals."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from tickets.models import Login


def remember(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Receiver of user_logged_in."""
    if not isinstance(user, User) or not request.session.session_key:
        return
    browser = request.headers.get("User-Agent", "")[:300]
    values = {"user": user, "browser": browser, "address": _address(request)}
    try:
        with transaction.atomic():
            Login.objects.update_or_create(session_key=request.session.session_key, defaults=values)
    except IntegrityError:  # the same login told twice at once
        return


def _address(request: HttpRequest) -> str | None:
    """Where the request came from; None behind a socket that has no address."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def forget(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Receiver of user_logged_out, sent while the session still has its key."""
    Login.objects.filter(session_key=request.session.session_key or "").delete()


def clear_expired(now: datetime) -> int:
    """Periodic job: sessions that have expired, and what was kept of ended ones. Returns the sessions deleted."""
    deleted = Session.objects.filter(expire_date__lt=now).delete()[0]
    Login.objects.exclude(pk__in=Login.alive().values("pk")).delete()
    return deleted
