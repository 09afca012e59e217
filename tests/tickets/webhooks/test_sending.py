"""Messages on their way: signed, tried again, given up; each as the log says."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from standardwebhooks.webhooks import WebhookVerificationError

from tests.tickets.webhooks.receivers import receiving
from tickets.mail.outgoing.sending import send_due as send_mail
from tickets.models import OutgoingMail, Ticket, Webhook, WebhookDelivery
from tickets.webhooks import hints, sending, upkeep

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(webhook, erin) -> WebhookDelivery:
    webhook.events = ["ticket.created"]
    webhook.save()
    Ticket.objects.open(erin, "Where is my parcel? Grüße 🐄", subject="Grüße 🐄")
    return WebhookDelivery.objects.get()


@pytest.fixture
def now(message):
    return message.created + timedelta(seconds=1)


def logged(message: WebhookDelivery) -> WebhookDelivery:
    message.refresh_from_db()
    return message


def test_a_message_is_signed_so_that_the_reference_library_accepts_it(message, receiver, webhook, now):
    assert sending.send_due(now) == 1
    (got,) = receiver.messages
    body = got.verified(webhook.secret)
    assert (body["type"], body["data"]["subject"]) == ("ticket.created", "Grüße 🐄")
    assert got.id == message.message_id and got.headers["content-type"] == "application/json"
    row = logged(message)
    assert (row.state, row.status, row.attempts, row.next_at) == ("delivered", 204, 1, None)
    assert row.ms is not None and sending.send_due(now) == 0
    got.body = got.body.replace(b"ticket.created", b"ticket.deleted")
    with pytest.raises(WebhookVerificationError):
        got.verified(webhook.secret)


def test_while_a_secret_is_renewed_old_and_new_verify_and_a_day_later_only_the_new(message, receiver, webhook, now):
    old = webhook.secret
    new = webhook.renew_secret(now)
    sending.send_due(now)
    assert receiver.messages[0].verified(old) == receiver.messages[0].verified(new)
    assert webhook.secrets_at(now + timedelta(hours=23)) == [new, old]
    assert webhook.secrets_at(now + timedelta(hours=25)) == [new]


def test_what_fails_is_tried_ten_times_within_about_three_days_under_one_id(message, receiver, webhook, now):
    receiver.answers("500 Internal Server Error", body=b"database down\0" + b"x" * 5000)
    start, waits, at = now, [], now
    while True:
        assert sending.send_due(at) == 0
        row = logged(message)
        assert (row.status, row.answer[:14], len(row.answer)) == (500, "database downx", 499)
        if row.state == "failed":
            break
        waits.append(row.next_at - at)
        assert sending.send_due(row.next_at - timedelta(seconds=1)) == 0 and len(receiver.messages) == row.attempts
        at = row.next_at
    assert len(receiver.messages) == 10 and {got.id for got in receiver.messages} == {message.message_id}
    for wait, planned in zip(waits, sending.WAITS, strict=True):
        assert planned <= wait <= planned * 1.1 + timedelta(seconds=30)
    assert timedelta(days=3) < at - start < timedelta(days=3.6)
    assert row.next_at is None and "500" in row.words
    receiver.answers("200 OK")
    assert message.resend(at) and sending.send_due(at) == 1
    assert logged(message).state == "delivered"
    assert Webhook.objects.get().failing_since is None


def test_a_receiver_that_hangs_is_given_up_after_its_time_and_its_other_messages_wait(
    message, receiver, webhook, now, monkeypatch
):
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    WebhookDelivery.objects.create(webhook=webhook, event="ticket.created", body="{}", next_at=now, created=now)
    receiver.hold = threading.Event()
    assert sending.send_due(now) == 0
    row = logged(message)
    assert (row.state, row.status, row.attempts) == ("queued", None, 1)
    assert "within 0.3 s" in row.words or "timed out" in row.words
    assert len(receiver.messages) == 1


def test_a_redirect_into_the_own_network_is_not_followed(message, receiver, now):
    with receiving() as inner:
        receiver.answers("302 Found", f"Location: {inner.url}")
        sending.send_due(now)
        assert not inner.messages
    row = logged(message)
    assert (row.state, row.status) == ("queued", 302)
    assert "not followed" in row.words


def test_of_ten_megabytes_only_the_beginning_is_kept(message, receiver, now):
    receiver.answers("200 OK", body=b"y" * 10_000_000)
    sending.send_due(now)
    row = logged(message)
    assert (row.state, row.status, row.answer) == ("delivered", 200, "y" * 500)


def test_410_switches_the_webhook_off_and_the_admins_hear_of_it(message, receiver, webhook, now, settings):
    settings.MAIL_ON = True
    waiting = WebhookDelivery.objects.create(
        webhook=webhook, event="ticket.created", body="{}", next_at=now + timedelta(hours=1)
    )
    receiver.answers("410 Gone")
    sending.send_due(now)
    webhook.refresh_from_db()
    assert (logged(message).state, webhook.enabled) == ("failed", False)
    assert "410" in webhook.off_reason
    assert (logged(waiting).state, waiting.words) == ("failed", "The webhook was switched off.")
    letter = OutgoingMail.objects.get()
    assert letter.recipient == "carol@example.com" and "Shop" in letter.subject and "410" in letter.body
    assert send_mail(now + timedelta(minutes=1)) == 1 and "Shop" in mail.outbox[-1].subject
    assert not message.resend(now), "while it is off, nothing is sent"
    webhook.switch_on()
    assert message.resend(now)


def test_days_of_nothing_but_failures_switch_it_off_and_one_success_starts_anew(message, receiver, webhook, now):
    receiver.answers("503 Service Unavailable")
    sending.send_due(now)
    webhook.refresh_from_db()
    assert webhook.failing_since is not None and webhook.enabled
    receiver.answers("200 OK")
    message.resend(now)
    sending.send_due(now)
    webhook.refresh_from_db()
    assert webhook.failing_since is None
    receiver.answers("503 Service Unavailable")
    for days, enabled in [(0, True), (4.9, True), (5.1, False)]:
        message.resend(now)
        sending.send_due(now + timedelta(days=days))
        webhook.refresh_from_db()
        assert webhook.enabled is enabled, days
    assert "5 days" in webhook.off_reason and "503" in webhook.off_reason


def test_retry_after_is_kept_to(message, receiver, now):
    receiver.answers("429 Too Many Requests", "Retry-After: 3600")
    sending.send_due(now)
    row = logged(message)
    assert timedelta(hours=1) <= row.next_at - now < timedelta(hours=1, minutes=1)


def test_retry_after_as_people_write_it(now):
    at = now.replace(microsecond=0)
    later = (at + timedelta(minutes=5)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert hints.retry_after(later, at) == timedelta(minutes=5)
    assert hints.retry_after("999999999999", at) == timedelta(hours=24)
    assert [hints.retry_after(text, at) for text in ("", "soon", "-5", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT")] == [
        timedelta(0)
    ] * 5


def test_an_address_that_has_become_private_is_refused_when_sending(message, receiver, now, settings):
    settings.RELAY_ALLOW_PRIVATE = False
    sending.send_due(now)
    row = logged(message)
    assert (row.state, row.status, receiver.messages) == ("queued", None, [])
    assert "internal network" in row.words


def test_what_somebody_else_is_sending_is_left_alone_until_the_lease_ends(message, receiver, now):
    WebhookDelivery.objects.update(state="sending", fence=1, lease_until=now + sending.LEASE)
    assert sending.send_due(now) == 0 and not receiver.messages
    assert sending.send_due(now + sending.LEASE + timedelta(seconds=1)) == 1
    assert logged(message).fence == 2


def test_a_late_end_of_a_lost_lease_changes_nothing(message, receiver, webhook, now):
    stale = WebhookDelivery.objects.select_related("webhook").get()
    sending.send_due(now)
    sending._settle(stale, sending.Outcome(500, "", "late", 1), now)
    assert (logged(message).state, message.status) == ("delivered", 204)


def test_lanes_share_the_messages_of_an_address(webhook, receiver, now):
    WebhookDelivery.objects.all().delete()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(webhook=webhook, event="ticket.created", body="{}", next_at=now) for _ in range(8)
    )
    assert [sending.send_to(webhook.pk, now, lane=lane, lanes=4) for lane in range(4)] == [2, 2, 2, 2]
    assert len({got.id for got in receiver.messages}) == 8


def test_the_log_goes_back_thirty_days(message, now):
    assert upkeep.purge(now + timedelta(days=29)) == 0
    assert upkeep.purge(now + timedelta(days=31)) == 1
