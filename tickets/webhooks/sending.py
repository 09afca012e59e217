"""Sending what is due. Any number of processes may: each message is claimed, sent, then settled.

A message whose sender died is sent again when its lease ends, under the same id. Order is not kept.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from tickets import outside
from tickets.models import Webhook, WebhookDelivery
from tickets.webhooks import hints, notices, signing

logger = logging.getLogger(__name__)

State = WebhookDelivery.State
SECONDS = 10.0  # for one attempt
LEASE = timedelta(seconds=60)
AT_ONCE = 100  # messages to one address before the others are looked at again
KEPT_OF_ANSWER = 500  # characters
FAILING_FOR = timedelta(days=5)  # nothing but failures for so long switch a webhook off
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
WAITS = (
    timedelta(seconds=5), 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR,
    24 * _HOUR,
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the `status` of an answer, or None and `words` that say why there was none."""

    status: int | None
    answer: str
    words: str
    ms: int
    wait: timedelta = timedelta(0)  # as the receiver asked for

    @property
    def well(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def webhooks_due(now: datetime) -> list[int]:
    """Ids of webhooks with something to send."""
    due = WebhookDelivery.objects.filter(_due(now), webhook__enabled=True)
    return sorted(due.order_by().values_list("webhook", flat=True).distinct())


def send_due(now: datetime, stop: threading.Event | None = None) -> int:
    """Send what is due to all, one after the other; returns how many messages were delivered."""
    return sum(send_to(webhook_id, now, stop) for webhook_id in webhooks_due(now))


def send_to(
    webhook_id: int, now: datetime, stop: threading.Event | None = None, *, lane: int = 0, lanes: int = 1
) -> int:
    """Send what is due to one address, up to AT_ONCE messages, of every `lanes` messages the one of `lane`; where
    there is no answer the rest waits for the next round. Returns how many were delivered."""
    delivered, began = 0, time.monotonic()
    ids = WebhookDelivery.objects.filter(_due(now), webhook=webhook_id).order_by("next_at", "pk")
    for pk in list(ids.values_list("pk", flat=True)[: AT_ONCE * lanes]):
        if pk % lanes != lane or (stop is not None and stop.is_set()):
            continue
        outcome = _send(pk, now + timedelta(seconds=time.monotonic() - began))
        if outcome is not None and outcome.status is None:
            break
        delivered += outcome is not None and outcome.well
    return delivered


def _due(now: datetime) -> Q:
    return Q(state=State.QUEUED, next_at__lte=now) | Q(state=State.SENDING, lease_until__lt=now)


def _send(pk: int, now: datetime) -> Outcome | None:
    """One attempt; None when it was somebody else's, or the webhook is off."""
    mine = WebhookDelivery.objects.filter(_due(now), pk=pk, webhook__enabled=True)
    if not mine.update(state=State.SENDING, fence=F("fence") + 1, lease_until=now + LEASE, tried=now):
        return None
    delivery = WebhookDelivery.objects.select_related("webhook").get(pk=pk)
    began = time.monotonic()
    outcome = _attempt(delivery, now)
    _settle(delivery, outcome, now + timedelta(seconds=time.monotonic() - began))
    return outcome


def _attempt(delivery: WebhookDelivery, now: datetime) -> Outcome:
    webhook, body = delivery.webhook, delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Collie",
        **signing.headers(delivery.message_id, body, webhook.secrets_at(now), now),
    }
    began = time.monotonic()
    try:
        answer = outside.post(webhook.url, body, headers, allow_private=settings.RELAY_ALLOW_PRIVATE, seconds=SECONDS)
    except (outside.Refused, outside.Unreachable) as error:
        return Outcome(None, "", str(error)[:KEPT_OF_ANSWER], _ms_since(began))
    shown = answer.text[:KEPT_OF_ANSWER].replace("\0", "")
    wait = hints.retry_after(answer.headers.get("retry-after", ""), now)
    return Outcome(answer.status, shown, _words(answer.status), _ms_since(began), wait)


def _words(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return _("The receiver answered with a redirect, which is not followed: save the address it leads to.")
    if status == 410:
        return _("The receiver answered 410: it wants no more messages.")
    return _("The receiver answered %(status)d.") % {"status": status}


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@transaction.atomic
def _settle(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> None:
    """Write what came of it, unless the message was somebody else's by then."""
    attempts = delivery.attempts + 1
    state, next_at = State.DELIVERED, None
    if not outcome.well:
        state, next_at = State.FAILED, None
        if outcome.status != 410 and attempts <= len(WAITS):
            state, next_at = State.QUEUED, now + max(_wait(attempts), outcome.wait)
    row = WebhookDelivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.SENDING)
    if row.update(
        state=state, next_at=next_at, attempts=attempts, lease_until=None, status=outcome.status, ms=outcome.ms,
        answer=outcome.answer, words=outcome.words,
    ):  # fmt: skip
        _judge(delivery.webhook, outcome, now)


def _wait(attempts: int, waits: Sequence[timedelta] = WAITS) -> timedelta:
    """With up to a tenth more, so that what failed together does not come back together."""
    return waits[attempts - 1] * (1 + random.random() / 10)


def _judge(webhook: Webhook, outcome: Outcome, now: datetime) -> None:
    """What one attempt says of the address: it works, it has begun to fail, or it is given up."""
    row = Webhook.objects.filter(pk=webhook.pk)
    if outcome.well:
        row.filter(failing_since__isnull=False).update(failing_since=None)
        return
    row.filter(failing_since__isnull=True).update(failing_since=now)
    since = row.values_list("failing_since", flat=True).first()
    if outcome.status == 410:
        _give_up(webhook, outcome.words, now)
    elif since is not None and since <= now - FAILING_FOR:
        reason = _("Nothing but failures for %(days)d days, at last: %(words)s")
        _give_up(webhook, reason % {"days": (now - since).days, "words": outcome.words}, now)


def _give_up(webhook: Webhook, reason: str, now: datetime) -> None:
    if webhook.switch_off(reason):
        logger.warning("webhook %s was switched off: %s", webhook.pk, reason)
        notices.tell_admins(webhook, now)
