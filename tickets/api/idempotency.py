"""Idempotency-Key on POST: the same request sent again, after a cut line or by 50 workers at once, has one effect.

The key is claimed in a transaction of its own. What the request does and its kept answer are then one transaction, in
which the claim is asked for once more: a crash keeps neither, and a claim that was taken over meanwhile undoes both.
Only success is kept; after an error nothing has happened, and the key is free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api.problems import Problem
from tickets.models import IdempotentRequest

if TYPE_CHECKING:
    from tickets.api.base import ApiView

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
NETWORK_LEASE = timedelta(minutes=10)  # longer than the relay may take, all attempts together
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("ETag", "Location")

Handler = Callable[..., Response]


def once(view: ApiView, handler: Handler) -> Handler:
    """`handler` as it is called for a request with a key."""

    def guarded(request: Request, *args: Any, **kwargs: Any) -> Response:
        claim = _claim(request, _fingerprint(view, request), NETWORK_LEASE if view.network else LEASE)
        if claim.status is not None:
            headers = {**claim.headers, "Idempotency-Replayed": "true"}
            return Response(json.loads(claim.body) if claim.body else None, claim.status, headers=headers)
        try:
            with nullcontext() if view.network else view.one_transaction():
                response = handler(request, *args, **kwargs)
                _keep(claim, response)
        except BaseException:
            _free(claim)
            raise
        return response

    return guarded


def _claim(request: Request, fingerprint: str, lease: timedelta) -> IdempotentRequest:
    """The row of the key, ours to answer or with its answer. Raises Problem where it is neither."""
    key = request.headers["Idempotency-Key"]
    if not _KEY.fullmatch(key):
        raise Problem("bad_request", _("Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID."))
    now = timezone.now()
    fresh = {"fingerprint": fingerprint, "lease_until": now + lease, "created": now}
    row, made = IdempotentRequest.objects.get_or_create(user_id=request.user.pk or 0, key=key, defaults=fresh)
    if made:
        return row
    if row.created > now - KEPT:
        if row.fingerprint != fingerprint:
            raise Problem(
                "idempotency_conflict", _("This Idempotency-Key was used for another request; make a new one.")
            )
        if row.status is not None:
            return row
    lapsed = Q(status=None, lease_until__lte=now) | Q(created__lte=now - KEPT)
    same = IdempotentRequest.objects.filter(lapsed, pk=row.pk, fence=row.fence)
    if not same.update(**fresh, fence=F("fence") + 1, status=None, headers={}, body=""):
        raise Problem(
            "in_progress",
            _("The same request is being answered; ask again in a moment."),
            headers={"Retry-After": "1"},
        )
    row.refresh_from_db()
    return row


def _mine(claim: IdempotentRequest) -> Any:
    return IdempotentRequest.objects.filter(pk=claim.pk, fence=claim.fence, status=None)


def _keep(claim: IdempotentRequest, response: Response) -> None:
    if response.status_code >= 400 or not isinstance(response, Response):
        _free(claim)
        return
    body = "" if response.data is None else JSONRenderer().render(response.data).decode()
    headers = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    if not _mine(claim).update(status=response.status_code, headers=headers, body=body):
        raise Problem("in_progress", _("Another attempt has taken over this request."), headers={"Retry-After": "1"})


def _free(claim: IdempotentRequest) -> None:
    _mine(claim).delete()


def _fingerprint(view: ApiView, request: Request) -> str:
    """A hash of method, address and body; of a form, of its fields and files, as its separator differs each time."""
    digest = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if request.FILES:
        for name in sorted(data):
            value = data[name]
            digest.update(f"{name}={getattr(value, 'name', value)}\n".encode())
            for chunk in value.chunks() if hasattr(value, "chunks") else ():
                digest.update(chunk)
    else:
        digest.update(view.raw_body)
    return digest.hexdigest()


def purge(now: datetime) -> None:
    """Periodic job: keys are kept for 24 hours."""
    IdempotentRequest.objects.filter(created__lte=now - KEPT).delete()
